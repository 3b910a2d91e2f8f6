import {beforeAll, expect, it} from 'vitest'
import {describeWithPeers} from '../../support/peers.js'
import {waitFor} from '../../support/processes.js'
import {type BothServers, bothServers} from './harness.js'
import {compareData} from './mixed/data.js'
import {makeScript, type ScriptOptions, type Step, showStep} from './mixed/script.js'
import {shrink} from './mixed/shrink.js'
import {Difference, Parted, Stage, Stalled} from './mixed/stage.js'

/**
 * One stream of everything: commands of all types on the same few keys, in scripts and transactions, by two clients,
 * while others wait for keys, hear of changes and are told of invalidations. What differs is a bug, or stands in
 * mixed/agreed.ts with its reason; what is not even asked for, as only chance or time decides it, in mixed/tame.ts.
 *
 * `DIFFERENTIAL_SEEDS=100` runs a hundred times as many seeds, those after `DIFFERENTIAL_FIRST_SEED=5000` for others;
 * `DIFFERENTIAL_LENGTH=20000` makes each of them longer. A seed that fails prints a short script that does.
 */
const SEEDS = [1]
const LENGTH = Number(process.env['DIFFERENTIAL_LENGTH'] ?? 2500)
const MULTIPLE = Number(process.env['DIFFERENTIAL_SEEDS'] ?? 1)
const FIRST_SEED = Number(process.env['DIFFERENTIAL_FIRST_SEED'] ?? 0)
const SHRINK_FOR_MS = 40_000
/** How far deadlines are away that a script waits for; more on a machine that is too busy for it. */
const SOON_MS = 25

interface Outcome {
  readonly compared: number
  readonly difference?: Error
  /** The comparison ended early. */
  readonly hasParted?: boolean
}

async function differenceIn(
  servers: BothServers,
  options: ScriptOptions,
  steps: readonly Step[],
  comparesData = true,
  soonMs = SOON_MS,
): Promise<Outcome> {
  const stage = await Stage.open(servers, {...options, soonMs})
  try {
    await stage.perform(steps)
    if (comparesData) {
      await stage.end(steps.length)
      await compareData(stage.keepers, steps.length, options.inCluster)
    }
    return {compared: stage.compared}
  } catch (error) {
    if (error instanceof Parted) return {compared: stage.compared, hasParted: true}
    if (!(error instanceof Stalled)) return {compared: stage.compared, difference: error as Error}
  } finally {
    stage.close()
  }
  return await differenceIn(servers, options, steps, comparesData, soonMs * 4)
}

async function explain(servers: BothServers, options: ScriptOptions, found: Error): Promise<string> {
  const steps = makeScript(options)
  const isInTheEnd = !(found instanceof Difference) || found.step >= steps.length
  const whole = isInTheEnd ? steps : steps.slice(0, found.step + 1)
  let last = found
  const fails = async (some: readonly Step[]): Promise<boolean> => {
    const {difference} = await differenceIn(servers, options, some, isInTheEnd)
    if (difference !== undefined) last = difference
    return difference !== undefined
  }
  const shortest = await shrink(whole, fails, Date.now() + SHRINK_FOR_MS)
  const lines = shortest.map(showStep)
  return `${found.message}\n\n${shortest.length} of ${whole.length} steps show it:\n${lines.join('\n')}\n${last.message}\n`
}

for (const inCluster of [false, true]) {
  describeWithPeers(`everything beside redis-server${inCluster ? ', in cluster mode' : ''}`, () => {
    // What is compressed differs between compressors.
    const settings = {hz: '100', rdbcompression: 'no', ...(inCluster && {'cluster-enabled': 'yes'})}
    const servers = bothServers(settings)

    beforeAll(async () => {
      if (inCluster) for (const one of await servers.both()) await ownAllSlots(one)
    })

    for (const seed of SEEDS.flatMap((one) => Array.from({length: MULTIPLE}, (_, i) => FIRST_SEED + one + i))) {
      for (const resp of ['2', '3'] as const) {
        it(`goes alike (seed ${seed}, RESP${resp})`, async () => {
          const options = {inCluster, length: LENGTH, resp, seed}
          const {compared, difference, hasParted} = await differenceIn(servers, options, makeScript(options))
          if (difference !== undefined) expect.fail(await explain(servers, options, difference))
          if (hasParted !== true) expect(compared).toBeGreaterThan(LENGTH / 2)
        })
      }
    }
  })
}

async function ownAllSlots(one: Awaited<ReturnType<BothServers['both']>>[0]): Promise<void> {
  await one.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383')
  await waitFor(async () => (await one.call('CLUSTER', 'INFO')).includes('cluster_state:ok'), {what: 'all slots'})
  one.close()
}
