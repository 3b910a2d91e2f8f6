import {assert, describe, it} from 'vitest'
import {type Rng, seededRng} from '../../../../../src/lib/kernel/rng.js'
import {allCommands} from '../../../../../src/lib/server/commands/index.js'
import {REFUSED} from '../../../../../src/lib/server/crdt/capture/behavior.js'
import {makeScript} from '../../../../interop/differential/mixed/script.js'
import {exchange, type Region, regions} from '../regions.js'
import {makeTyped, TYPED_NAMES} from './typed-commands.js'

const SEED_COUNT = Number(process.env.CRDT_SEEDS ?? 1)
const SEEDS = Array.from({length: SEED_COUNT}, (_, i) => i + 1)

function requireSound(region: Region, said: string): void {
  const bugs = region.log.filter((line) => line.includes('Bug'))
  assert.deepEqual(bugs, [], said)
  assert.deepEqual(region.differences(), [], `region ${region.id} after ${said}`)
}

function requireAlike(all: readonly Region[], said: string): void {
  for (const one of all) requireSound(one, said)
  for (const one of all.slice(1)) assert.deepEqual(one.dump(), all[0]!.dump(), said)
}

function idsOf(region: Region): string[] {
  return [1, 2, 3].flatMap((number) => region.do(`XRANGE {t}stream:${number} - +`).match(/\d+-\d+/g) ?? [])
}

/** One of them alone, in a transaction, in a script, or in one pipeline. */
function send(region: Region, rng: Rng, commands: readonly string[][]): void {
  const how = rng.below(commands.length > 1 ? 6 : 8)
  if (how === 0) {
    for (const argv of [['MULTI'], ...commands, ['EXEC']]) region.send(argv)
  } else if (how === 1) {
    for (const argv of commands) region.send(['EVAL', 'return redis.pcall(unpack(ARGV))', '0', ...argv])
  } else if (how < 4) {
    region.sendAll(commands)
  } else {
    for (const argv of commands) region.send(argv, rng.chance(0.1) ? region.connect() : undefined)
  }
}

/** @param chance - of an exchange after each step */
function playTyped(all: readonly Region[], seed: number, stepCount: number, chance: number): void {
  const rng = seededRng(seed)
  for (let step = 0; step < stepCount; step++) {
    const region = rng.pick(all)
    region.nowMs += 1
    const ids = idsOf(region)
    const commands = Array.from({length: rng.chance(0.3) ? 3 : 1}, () => makeTyped(rng, ids))
    send(region, rng, commands)
    const said = `${step}: region ${region.id}: ${commands.map((argv) => argv.join(' ')).join('; ')}`
    requireSound(region, said)
    if (!rng.chance(chance)) continue
    exchange(all)
    requireAlike(all, said)
  }
}

describe('whatever commands run', () => {
  it('draws from all that write', () => {
    const writing = allCommands().filter(
      (one) => one.isWrite || [...(one.subcommands?.values() ?? [])].some((sub) => sub.isWrite),
    )
    const missing = writing.map(({name}) => name).filter((name) => !TYPED_NAMES.has(name) && !REFUSED.has(name))
    // What they change is no key's value.
    assert.deepEqual(missing, ['pfdebug', 'function'])
  })

  for (const seed of SEEDS) {
    it(`in one region at a time, the other sees the same (seed ${seed})`, () => {
      playTyped(regions(2, {hincrbyOnFields: true}), seed, 250, 1)
    })

    it(`in three regions at a time, all see the same in the end (seed ${seed})`, () => {
      playTyped(regions(3, {streamIdMode: 'liberal'}), 1000 + seed, 400, 0.1)
    })

    it(`however odd its arguments, the other sees the same (seed ${seed})`, () => {
      const all = regions(2, {hincrbyOnFields: true, streamIdMode: seed % 2 === 0 ? 'liberal' : 'semi-strict'})
      const clients = all.map((region) => ({
        a: region.connect(),
        b: region.connect(),
        c: region.connect(),
        d: region.connect(),
        reader: region.connect(),
      }))
      for (const [i, step] of makeScript({inCluster: true, length: 250, resp: '2', seed}).entries()) {
        if (step.kind !== 'command') continue
        const at = Math.floor(i / 20) % 2
        const client = clients[at]![step.who]
        if (client.parked) continue
        all[at]!.send(step.argv, client)
        exchange(all)
        requireAlike(all, `${i}: ${step.argv.map((word) => word.slice(0, 60)).join(' ')}`)
      }
    })
  }
})
