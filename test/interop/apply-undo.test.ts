import {readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterAll, beforeAll, expect, it} from 'vitest'
import {runShoal} from '../support/cli.js'
import {describeWithPeers, type RealCluster, startRealCluster} from '../support/peers.js'
import {temporaryFolder} from '../support/processes.js'
import {fillNode, keysIn, lostAt, Writers} from './reshard-load.js'

interface Document {
  readonly plan: {readonly steps: readonly unknown[]}
  readonly result?: {readonly job: string; readonly slotsMoved: number}
}

interface Failure {
  readonly error: {readonly code: string; readonly suggestions: readonly string[]}
}

describeWithPeers('apply and undo', () => {
  const folder = temporaryFolder('plans')
  const file = join(folder, 'plan.json')
  const env = {SHOAL_STATE_DIR: temporaryFolder('undo-state')}
  let cluster: RealCluster
  let keys: string[]
  let layout: string

  const slotsOf = async () => {
    const slots = (await cluster.nodes[0]?.call('CLUSTER', 'SLOTS')) as [number, number, [string, number]][]
    return slots
      .map(([first, last, owner]) => `${first}-${last}:${owner[1]}`)
      .sort()
      .join(' ')
  }
  const run = (...words: string[]) => runShoal([...words, '--json'], {env})

  beforeAll(async () => {
    cluster = await startRealCluster(3)
    keys = keysIn({first: 0, last: 5460}, 2000, 'base')
    await fillNode(cluster.ports[0] as number, keys)
    layout = await slotsOf()
    const weights = ['--weight', `127.0.0.1:${cluster.ports[2]}=4`]
    const plan = await run('rebalance', cluster.seed, ...weights, '--dry-run', '--plan-out', file)
    expect(plan.code, plan.stdout).toBe(0)
  })

  afterAll(() => cluster?.stop())

  it('applies a plan from a file, once', async () => {
    const first = await run('apply', file, '--yes')
    expect(first.code, first.stdout + first.stderr).toBe(0)
    expect(first.json<Document>().result?.slotsMoved).toBe(5461)
    expect(await slotsOf()).not.toBe(layout)
    const again = await run('apply', file, '--yes')
    expect([again.code, again.json<Document>().plan.steps]).toEqual([0, []])
  })

  it('brings the layout back under writes, keys and all, and can do so the other way again', async () => {
    const changed = await slotsOf()
    const writers = new Writers(cluster.ports, {first: 0, last: 16_383}, 'undone', 4)
    const shown = await run('undo', '--dry-run')
    expect(shown.json<Document>().plan.steps).toHaveLength(2)
    const undone = await run('undo', '--yes')
    expect(undone.code, undone.stdout + undone.stderr).toBe(0)
    expect(await slotsOf()).toBe(layout)
    expect(await lostAt(cluster.ports[0] as number, keys)).toEqual([])
    expect((await run('undo', '--yes')).code).toBe(0)
    expect(await slotsOf()).toBe(changed)
    expect(await writers.stop()).toEqual([])
  })

  it('refuses a plan that the cluster has gone past', async () => {
    const first = await cluster.nodes[0]?.call('CLUSTER', 'MYID')
    const {steps} = JSON.parse(readFileSync(file, 'utf8')) as {steps: {from: string; slots: string}[]}
    const [slot] = /^\d+/.exec(steps.find(({from}) => from === first)?.slots ?? '') ?? []
    // Neither where the plan takes it from, nor where it brings it.
    const elsewhere = ['--to', `127.0.0.1:${cluster.ports[1]}`, '--slots', `${slot}-${slot}`]
    const moved = await run('reshard', cluster.seed, '--from', 'all', ...elsewhere, '--yes')
    expect(moved.code, moved.stdout).toBe(0)
    const refused = await run('apply', file, '--yes')
    expect([refused.code, refused.json<Failure>().error.code]).toEqual([5, 'NODES_DISAGREE'])
  })

  it.each<[name: string, text: string | undefined, code: string, exit: number]>([
    ['a file that is not there', undefined, 'NOT_FOUND', 4],
    ['what is no JSON', 'plan', 'BAD_FLAG', 2],
    ['what is no plan', '{"kind":"move-slots","version":1,"steps":[{"from":"a"}]}', 'BAD_FLAG', 2],
    ['a plan without a basis', '{"kind":"move-slots","version":1,"steps":[]}', 'BAD_FLAG', 2],
  ])('refuses %s', async (name, text, code, exit) => {
    const path = join(folder, `${name.replaceAll(' ', '-')}.json`)
    if (text !== undefined) writeFileSync(path, text)
    const refused = await run('apply', path, '--yes')
    expect([refused.code, refused.json<Failure>().error.code]).toEqual([exit, code])
  })

  it('refuses a plan of another cluster, and a job nobody knows', async () => {
    const plan = {
      kind: 'move-slots',
      version: 1,
      cluster: '0',
      steps: [],
      basedOn: {primaries: [{address: cluster.seed}]},
    }
    const path = join(folder, 'other.json')
    writeFileSync(path, JSON.stringify(plan))
    const other = await run('apply', path, '--yes')
    expect([other.code, other.json<Failure>().error.code]).toEqual([3, 'PREFLIGHT_FAILED'])
    const unknown = await run('undo', 'reshard-x')
    expect([unknown.code, unknown.json<Failure>().error.code]).toEqual([4, 'NOT_FOUND'])
    const none = await runShoal(['undo', '--json'], {env: {SHOAL_STATE_DIR: temporaryFolder('no-jobs')}})
    expect([none.code, none.json<Failure>().error.code]).toEqual([4, 'NOT_FOUND'])
  })
})
