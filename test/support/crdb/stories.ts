import {expect} from 'vitest'
import {waitFor} from '../processes.js'
import type {CrdbWorld} from './world.js'

const TASK = /Task [0-9a-f-]{36} created/
const ALL = [1, 2, 3] as const

/** The published quick start: three regions up, a database, a split with writes on both sides, and its end. */
export async function quickStart(world: CrdbWorld): Promise<void> {
  await world.up()
  const created = await world.done(...(await world.createArgs()))
  expect(created.stdout.split('\n').slice(0, 4)).toEqual([
    expect.stringMatching(TASK),
    '  ---> Status changed: queued -> started',
    expect.stringMatching(/^ {2}---> CRDB GUID Assigned: crdb:[0-9a-f-]{36}$/),
    '  ---> Status changed: started -> finished',
  ])
  // Writes of all regions come to all regions.
  for (const id of ALL) await world.call(id, 'INCR', 'votes')
  await waitFor(async () => (await world.agreement(ALL, 'GET', 'votes')) === '3', {what: 'three votes everywhere'})
  await world.call(2, 'SADD', 'cart', 'apple')
  await waitFor(async () => (await world.call(3, 'SISMEMBER', 'cart', 'apple')) === 1, {what: 'the apple in region 3'})

  await world.done('partition', '--regions', 'cluster1.local')
  await world.call(1, 'INCRBY', 'votes', '10')
  await world.call(1, 'SREM', 'cart', 'apple')
  await world.call(2, 'INCRBY', 'votes', '100')
  await world.call(2, 'SADD', 'cart', 'apple', 'pear')
  await waitFor(async () => (await world.call(3, 'GET', 'votes')) === '103', {what: 'the other side to go on together'})
  expect(await world.call(1, 'GET', 'votes')).toBe('13')

  await world.done('heal')
  await waitFor(async () => (await world.agreement(ALL, 'GET', 'votes')) === '113', {what: 'all votes everywhere'})
  // Added again without having been seen removed: it is there.
  expect(await world.agreement(ALL, 'SMEMBERS', 'cart')).toEqual(expect.arrayContaining(['apple', 'pear']))
  await world.done('crdb', 'delete', '--crdb-guid', 'mycrdb', '--yes')
  expect(await world.nodes()).toEqual([])
}

/** Instances leave and come, a database is changed, emptied and deleted. */
export async function administration(world: CrdbWorld): Promise<void> {
  await world.up()
  await world.done(...(await world.createArgs()))
  await world.call(1, 'SET', 'a', '1')
  await world.agreement(ALL, 'GET', 'a')

  const updated = await world.done(
    'crdb',
    'update',
    '--memory-size',
    '1gb',
    '--default-db-config',
    '{"crdt_counter_type": true}',
  )
  expect(updated.stderr).toContain('memorySize: 536870912 -> 1073741824')
  for (const id of ALL)
    expect(await world.call(id, 'CONFIG', 'GET', 'maxmemory')).toEqual(['maxmemory', String(2 ** 30)])
  const config = async (id: number) => JSON.parse(String(await world.call(id, 'CRDT.CONFIG', 'GET'))).config
  for (const id of ALL)
    expect(await config(id)).toMatchObject({settings: {counterType: true, memorySize: 2 ** 30}, version: 2})

  await world.done('crdb', 'remove-instance', '--instance-id', '3', '--yes')
  expect(await world.nodes()).toEqual(['mycrdb-1-1', 'mycrdb-2-1'])
  await world.call(2, 'SET', 'b', '2')
  await world.done('crdb', 'add-instance', '--instance', 'fqdn=cluster3.local,username=r@r.com,password=test')
  expect(await world.nodes()).toEqual(['mycrdb-1-1', 'mycrdb-2-1', 'mycrdb-4-1'])
  expect([await world.call(4, 'GET', 'a'), await world.call(4, 'GET', 'b')]).toEqual(['1', '2'])
  await world.call(4, 'SET', 'c', '3')
  expect(await world.agreement([1, 2, 4], 'GET', 'c')).toBe('3')

  await world.done('kill', 'mycrdb-2-1')
  const removed = await world.shoal(['crdb', 'remove-instance', '--instance-id', '2', '--yes'])
  expect([removed.code, removed.stderr]).toEqual([7, expect.stringContaining('cluster2.local cannot be reached')])
  await world.done('crdb', 'remove-instance', '--instance-id', '2', '--force', '--yes')
  await world.done('crdb', 'purge-instance', '--instance-id', '2', '--yes')
  expect(await world.nodes()).toEqual(['mycrdb-1-1', 'mycrdb-4-1'])

  await world.done('crdb', 'flush', '--yes')
  await waitFor(async () => (await world.agreement([1, 4], 'DBSIZE')) === 0, {what: 'nothing to be left'})
  const {stdout} = await world.done('crdb', 'list')
  expect(stdout.split('\n').map((line) => line.split(/ +/).slice(1))).toEqual([
    ['NAME', 'REPL-ID', 'CLUSTER-FQDN'],
    ['mycrdb', '1', 'cluster1.local'],
    ['mycrdb', '4', 'cluster3.local'],
    [],
  ])
  await world.done('crdb', 'delete', '--yes')
  expect(await world.nodes()).toEqual([])
}

interface Killing {
  readonly args: readonly string[]
  /** The command is killed when it says so. */
  readonly at: string
}

/** Runs a command and kills it at a word. */
async function killAt(world: CrdbWorld, {args, at}: Killing): Promise<void> {
  let kill: (signal: NodeJS.Signals) => void = () => undefined
  const run = await world.shoal(args, {
    onStart: (process) => {
      kill = process.kill
    },
    onStderr: (text) => {
      if (text.includes(at)) kill('SIGKILL')
    },
  })
  expect(run.signal, `${run.stdout}${run.stderr}`).toBe('SIGKILL')
}

/** Whatever is killed, the next command brings it to an end. */
export async function killed(world: CrdbWorld): Promise<void> {
  await world.up()
  for (const at of ['starting mycrdb', 'waiting until all']) {
    await killAt(world, {args: await world.createArgs(), at})
    const {stdout} = await world.done('crdb', 'task', 'list')
    expect(stdout).toMatch(/create_crdb +failed/)
    expect([await world.nodes(), (await world.done('crdb', 'list')).stdout]).toEqual([
      [],
      'No active-active databases. Make one with: shoal crdb create\n',
    ])
  }
  // The next create need not be told: it has the name and the ports.
  await killAt(world, {args: await world.createArgs(), at: 'waiting until all'})
  await world.done(...(await world.createArgs()))
  await world.call(1, 'SET', 'a', '1')

  const add = ['crdb', 'add-instance', '--instance', 'endpoint=127.0.0.1:1']
  expect((await world.shoal(add)).code).toBe(7)
  await killAt(world, {args: ['crdb', 'remove-instance', '--instance-id', '3', '--yes'], at: 'clients cannot write'})
  await world.done('crdb', 'task', 'list')
  expect(await world.nodes()).toEqual(['mycrdb-1-1', 'mycrdb-2-1'])
  const again = ['crdb', 'add-instance', '--instance', 'fqdn=cluster3.local,username=r@r.com,password=test']
  for (const at of ['starting mycrdb', 'waiting until the new']) {
    await killAt(world, {args: again, at})
    // Looking at it neither waits for the end nor gets in its way.
    const {notes} = (await world.done('crdb', 'get', '--json')).json<{notes: string[]}>()
    expect(notes[0]).toMatch(/^add_instance [0-9a-f-]{36} has not ended: shoal crdb task list/)
    await world.done('crdb', 'task', 'list')
    expect(await world.nodes()).toEqual(['mycrdb-1-1', 'mycrdb-2-1'])
  }
  await world.done(...again)
  const names = await world.nodes()
  expect(names).toHaveLength(3)
  const id = Number(names.at(-1)?.split('-')[1])
  expect(await world.agreement([1, 2, id], 'GET', 'a')).toBe('1')
}
