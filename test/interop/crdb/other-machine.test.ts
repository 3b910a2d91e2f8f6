import {cpSync, readdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {type RunResult, runShoal} from '../../support/cli.js'
import {CrdbWorld} from '../../support/crdb/world.js'
import {callRedis} from '../../support/peers.js'
import {claimPorts} from '../../support/ports.js'
import {temporaryFolder} from '../../support/processes.js'

/** A database that two machines administer: what one has on record, the other may have changed at the nodes. */
describe('a database that another machine changes', () => {
  const world = new CrdbWorld()
  const other = join(temporaryFolder('other'), 'state')
  const NAMES = ['one', 'two', 'three']
  let base: number

  const here = (...args: string[]) => world.shoal(['crdb', ...args])
  const there = (...args: string[]) => runShoal(['crdb', ...args], {env: {SHOAL_STATE_DIR: other}})
  const done = async (run: Promise<RunResult>) => {
    const ended = await run
    expect(ended.code, ended.stdout + ended.stderr).toBe(0)
    return ended
  }
  const port = (name: string) => base + 2 * NAMES.indexOf(name)
  const instance = (name: string) => ['--instance', `endpoint=127.0.0.1:${port(name)}`]
  const atNode = async (name: string) =>
    JSON.parse(String(await callRedis(port(name), ['CRDT.CONFIG', 'GET']))).config as {version: number}
  interface Shown {
    readonly version: number
    readonly settings: {readonly memorySize: number}
    readonly instances: readonly {readonly id: number}[]
    readonly heardFrom: readonly number[]
    readonly notes: readonly string[]
  }
  const shown = async (run: Promise<RunResult>) => (await done(run)).json<Shown>()
  /** On record here. */
  const recorded = () => {
    const folder = join(world.state, 'crdbs')
    return JSON.parse(readFileSync(join(folder, readdirSync(folder)[0]!), 'utf8')).config.version as number
  }

  beforeAll(async () => {
    base = await claimPorts(6)
    for (const name of NAMES) {
      const shape = ['--primaries', '1', '--replicas', '0', '--base-port', String(port(name))]
      await world.done('up', '--name', name, ...shape)
    }
    await done(here('create', '--name', 'geo', '--memory-size', '64mb', ...instance('one'), ...instance('two')))
    cpSync(join(world.state, 'crdbs'), join(other, 'crdbs'), {recursive: true})
  })

  afterAll(async () => {
    for (const name of NAMES) await world.done('down', '--name', name)
  })

  it('is shown as its nodes have it, and the record is mended', async () => {
    await done(there('update', '--memory-size', '128mb'))
    expect(recorded()).toBe(1)
    const first = await done(here('get', '--json'))
    expect(first.json()).toMatchObject({heardFrom: [1, 2], settings: {memorySize: 2 ** 27}, version: 2})
    expect(first.stderr).toContain(
      'warning: the record of this machine was behind: it had version 1, the instances have 2',
    )
    expect(recorded()).toBe(2)
    expect((await done(here('get'))).stderr).toBe('')
  })

  it('is changed from what its nodes have: nothing of the other machine is undone', async () => {
    await done(there('add-instance', ...instance('three')))
    await done(here('update', '--eviction-policy', 'allkeys-lru'))
    const now = await shown(there('get', '--json'))
    expect(now).toMatchObject({settings: {evictionPolicy: 'allkeys-lru', memorySize: 2 ** 27}, version: 4})
    expect(now.instances.map(({id}) => id)).toEqual([1, 2, 3])
    for (const name of NAMES) expect((await atNode(name)).version).toBe(4)
    const {stdout} = await done(here('list'))
    expect(stdout.trim().split('\n')).toHaveLength(4)
  })

  it('is removed from by whoever knows the latest', async () => {
    await done(there('update', '--compression', '0'))
    await done(here('remove-instance', '--instance-id', '3', '--yes'))
    const now = await shown(
      there('list', '--json').then((run) => ({
        ...run,
        json: () => run.json<{databases: Shown[]}>().databases[0] as never,
      })),
    )
    expect(now).toMatchObject({heardFrom: [1, 2], version: 6})
    expect(now.instances).toHaveLength(2)
    expect(await callRedis(port('three'), ['CRDT.CONFIG', 'GET'])).toBe(null)
  })

  it('is shown from the record where nobody can be asked, which is said; nothing is changed then', async () => {
    await done(there('update', '--compression', '6'))
    for (const name of ['one', 'two']) await world.done('kill', '--name', name, 'n1')
    const run = await done(here('get', '--json'))
    expect(run.json()).toMatchObject({heardFrom: [], version: 6})
    expect(run.stderr).toContain('warning: no instance of geo tells anything: this is what this machine has on record')
    const update = await here('update', '--memory-size', '1gb')
    expect([update.code, update.stderr]).toEqual([7, expect.stringContaining('no instance can be reached')])
    expect(recorded()).toBe(6)
    for (const name of ['one', 'two']) await world.done('up', '--name', name)
    expect((await shown(here('get', '--json'))).version).toBe(7)
    expect(recorded()).toBe(7)
  })
})
