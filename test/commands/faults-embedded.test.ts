import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import type {HealReport} from '../../src/lib/environment/faults/heal.js'
import type {FaultReport} from '../../src/lib/environment/faults/make.js'
import {type RunOptions, runShoal} from '../support/cli.js'
import {callRedis} from '../support/peers.js'
import {claimPorts} from '../support/ports.js'
import {processesWith, temporaryFolder, waitFor} from '../support/processes.js'

/** The built program on real nodes: what the nodes make of it, and what is left when it is killed. */
const folder = temporaryFolder('faults')
const state = join(folder, 'state')
let basePort: number

const shoal = (line: string, options: RunOptions = {}) =>
  runShoal(line.split(' '), {...options, env: {SHOAL_STATE_DIR: state}})
const faultsOnRecord = () =>
  JSON.parse(readFileSync(join(state, 'environments', 'default', 'environment.json'), 'utf8')).faults as unknown[]

/** The flags of the others in the eyes of n2. */
async function flagsSeen(): Promise<string> {
  return String(await callRedis(basePort + 1, ['CLUSTER', 'NODES']))
}

beforeAll(async () => {
  basePort = await claimPorts(3)
  const up = await shoal(`up --replicas 0 --node-timeout 500 --base-port ${basePort}`)
  expect(up.code, up.stderr).toBe(0)
})

afterAll(async () => {
  for (const pid of processesWith(folder)) process.kill(pid, 'SIGKILL')
  await waitFor(() => processesWith(folder).length === 0, {what: 'end of all nodes'})
})

describe('faults between embedded nodes', () => {
  it('cut a node off, as the others see too, and let it come back', async () => {
    const cut = (await shoal('partition n1 --json')).json<FaultReport>()
    expect(cut.fault.text).toBe('n1 / n2,n3')
    for (const {from, passes, to} of cut.links) expect(passes).toBe(![from, to].includes('n1'))
    await waitFor(async () => / master,fail /.test(await flagsSeen()), {what: 'n2 to hold n1 for failed'})
    const healed = await shoal('heal --wait')
    expect(healed).toMatchObject({code: 0, stdout: expect.stringContaining('The cluster is ok.')})
    expect(await flagsSeen()).not.toMatch(/fail/)
  })

  it('make what a node sends late', async () => {
    const {links} = (await shoal('slow n1 --latency 60ms --json')).json<FaultReport>()
    const late = links.filter(({delay}) => delay)
    expect(late.map(({from, to}) => `${from} ${to}`)).toEqual(['n1 n2', 'n1 n3'])
    for (const {delayMs} of late) expect(delayMs).toBeGreaterThanOrEqual(45)
    expect((await shoal('heal --json')).json<HealReport>()).toMatchObject({faults: [], healed: [{kind: 'slow'}]})
  })

  it('that a killed command began are healed', async () => {
    await shoal('partition n1', {
      onStart: ({kill}) => {
        const watch = setInterval(() => {
          if (faultsOnRecord().length === 0) return
          clearInterval(watch)
          kill('SIGKILL')
        }, 1)
        setTimeout(() => clearInterval(watch), 20_000).unref()
      },
    })
    const healed = (await shoal('heal --all --json')).json<HealReport>()
    expect(healed.links.filter(({passes}) => !passes)).toEqual([])
    expect(faultsOnRecord()).toEqual([])
  })

  it('end by themselves when their time is over', async () => {
    const {fault} = (await shoal('partition n1 --for 1s --json')).json<FaultReport>()
    await waitFor(() => Date.now() > (fault.untilMs as number), {what: 'the end of the fault'})
    const after = (await shoal('heal --json')).json<HealReport>()
    expect(after).toMatchObject({faults: [], healed: []})
  })
})
