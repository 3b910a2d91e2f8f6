import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {instanceIn} from '../../../../src/lib/environment/access.js'
import {CONDITIONS} from '../../../../src/lib/environment/conditions.js'
import {
  dropInstances,
  type InstancesRequest,
  retuneInstances,
  startInstances,
} from '../../../../src/lib/environment/crdb/instances.js'
import {knownRegions} from '../../../../src/lib/environment/crdb/participants.js'
import {takeDown} from '../../../../src/lib/environment/down.js'
import {accessOf} from '../../../../src/lib/environment/parts.js'
import {clustersOf, nodesOf, planEnvironment} from '../../../../src/lib/environment/spec.js'
import {bringUp} from '../../../../src/lib/environment/up.js'
import {type FakeParts, fakeParts} from '../../../support/env-fake-parts.js'
import {claimPorts} from '../../../support/ports.js'
import {temporaryFolder} from '../../../support/processes.js'

const never = () => new AbortController().signal
const GUID = 'd84f6fe4-5bb7-49d2-a188-8900e09c6f66'

describe('an environment of participating clusters', () => {
  it('has regions, and nodes only when databases bring them', () => {
    const spec = planEnvironment({name: 'geo', topology: 'crdb'})
    expect(spec).toMatchObject({
      basePort: 12_000,
      nodes: [],
      persistence: 'aof',
      primaries: 0,
      regions: ['cluster1.local', 'cluster2.local', 'cluster3.local'],
    })
    expect(nodesOf(spec)).toEqual([])
  })

  it.each([
    [{engine: 'process'}, 'redis-server knows no active-active databases'],
    [{primaries: 3}, 'each database says how many it has'],
    [{replicas: 1}, 'each database says how many it has'],
    [{nodes: [{name: 'a', port: 1}]}, 'each database says how many it has'],
    [{regions: []}, 'need names'],
    [{regions: ['a', 'a']}, 'region a is there twice'],
    [{regions: ['a b']}, 'cannot be the name of a region'],
    [{password: ''}, 'the password is empty'],
  ] as const)('is refused: %j', (request, message) => {
    expect(() => planEnvironment({name: 'geo', topology: 'crdb', ...request})).toThrow(message)
  })
})

describe('instances in regions', () => {
  let parts: FakeParts
  let port: number
  let request: InstancesRequest

  beforeEach(async () => {
    parts = fakeParts(temporaryFolder('instances'))
    port = await claimPorts(30)
    await bringUp(parts, {name: 'geo', password: 'env', regions: ['eu', 'us'], topology: 'crdb'}, never())
    request = {
      database: {guid: GUID, name: 'db', settings: {maxmemory: '100'}},
      environment: 'geo',
      instances: [
        {id: 1, region: 'eu'},
        {id: 2, region: 'us'},
      ],
      port,
      replicas: 1,
      shards: 1,
    }
  })

  afterEach(() => takeDown(parts, 'geo', never()))

  const start = (change: Partial<InstancesRequest> = {}) =>
    startInstances(parts, {...request, ...change}, never(), () => undefined)
  const read = async () => (await parts.store.read('geo'))!
  const running = async () => (await parts.engine.list('geo')).map(({name}) => name)

  it('are clusters of their own, each with what its database says', async () => {
    const started = await start()
    expect(started).toEqual([
      {
        endpoints: [`127.0.0.1:${port}`, `127.0.0.1:${port + 20}`],
        id: 1,
        password: 'env',
        region: 'eu',
        seeds: [`127.0.0.1:${port}`, `127.0.0.1:${port + 20}`],
      },
      expect.objectContaining({id: 2, seeds: [`127.0.0.1:${port + 2}`, `127.0.0.1:${port + 21}`]}),
    ])
    const state = await read()
    expect(clustersOf(state.spec).map((nodes) => nodes.map(({name}) => name))).toEqual([
      ['db-1-1', 'db-1-2'],
      ['db-2-1', 'db-2-2'],
    ])
    expect(nodesOf(state.spec)[0]).toMatchObject({
      cluster: true,
      password: 'env',
      settings: expect.arrayContaining([
        ['maxmemory', '100'],
        ['appendonly', 'yes'],
        ['cluster-node-timeout', '2000'],
      ]),
    })
    expect(accessOf(state).clusters).toHaveLength(2)
    expect(await knownRegions(parts.store)).toEqual([
      expect.objectContaining({
        databases: [GUID],
        environment: 'geo',
        participates: true,
        password: 'env',
        regions: ['eu', 'us'],
      }),
    ])
  })

  it('give way to what a database says of its own password, and are told of what changes', async () => {
    await start({database: {...request.database, password: 'db'}})
    await retuneInstances(parts, 'geo', GUID, {maxmemory: '200'}, never())
    const [node] = nodesOf((await read()).spec)
    expect([node?.password, node?.settings?.at(-1)]).toEqual(['db', ['maxmemory', '200']])
  })

  it('leave nothing where one fails', async () => {
    parts.engine.failing.add('db-2-1')
    await expect(start()).rejects.toThrow('db-2-1 was told to fail')
    expect([await running(), (await read()).spec.nodes, [...parts.engine.kept]]).toEqual([[], [], []])
    parts.engine.failing.clear()
    await start()
    expect(await running()).toHaveLength(4)
  })

  it('go one by one, or all; what is gone already is fine', async () => {
    await start()
    await dropInstances(parts, 'geo', GUID, [1], never())
    expect(await running()).toEqual(['db-2-1', 'db-2-2'])
    expect((await read()).spec.databases).toHaveLength(1)
    await dropInstances(parts, 'geo', GUID, undefined, never())
    await dropInstances(parts, 'geo', GUID, undefined, never())
    await dropInstances(parts, 'nowhere', GUID, undefined, never())
    const {spec} = await read()
    expect([await running(), spec.databases, spec.nodes]).toEqual([[], [], []])
  })

  it('are not made between regions that are cut off', async () => {
    const fault = {appliedAtMs: 0, id: 'f1', kind: 'partition', rules: [], text: 'eu / us'} as const
    await parts.store.write({...(await read()), faults: [fault]})
    await expect(start()).rejects.toThrow('a fault is in force in environment geo: eu / us')
    await parts.store.write({...(await read()), faults: []})
  })

  it('take no port that another has', async () => {
    await start()
    await expect(start({database: {...request.database, guid: 'x', name: 'other'}})).rejects.toThrow(
      `ports ${port}, ${port + 2} are taken`,
    )
    const {port: _port, ...open} = request
    const [first] = await startInstances(
      parts,
      {...open, database: {...request.database, guid: 'x', name: 'other'}},
      never(),
      () => undefined,
    )
    expect(first?.seeds).toHaveLength(2)
  })

  it('are what an application asks for: a database, and a region', async () => {
    await expect(async () => instanceIn(await read(), {})).rejects.toThrow('has no database yet')
    await start()
    const names = async (choice: Parameters<typeof instanceIn>[1]) =>
      instanceIn(await read(), choice).spec.nodes.map(({name}) => name)
    expect(await names({})).toEqual(['db-1-1', 'db-1-2'])
    expect(await names({database: 'db', region: 'us'})).toEqual(['db-2-1', 'db-2-2'])
    await expect(names({region: 'usa'})).rejects.toThrow('has no instance in usa. Did you mean us?')
    await expect(names({database: 'dd'})).rejects.toThrow('has no database dd. Did you mean db?')
  })

  it('are judged each by itself', async () => {
    await start()
    const {spec} = await read()
    const slots = [{first: 0, last: 16_383}]
    const primary = (name: string, own = slots) =>
      ({
        facts: {address: {host: 'x', port: 1}, role: 'primary', slots: own, state: 'ok'},
        name,
        state: 'running',
      }) as const
    const others = ['db-1-2', 'db-2-2'].map((name) => primary(name, []))
    const all = {faults: [], nodes: [primary('db-1-1'), primary('db-2-1'), ...others], spec}
    expect(CONDITIONS.healed(all)).toEqual([])
    // Slots that another region serves are not served here.
    const half = {...all, nodes: [primary('db-1-1'), primary('db-2-1', []), ...others]}
    expect(CONDITIONS['cluster-ok'](half)).toEqual(['16384 slots are served by nobody'])
    expect(CONDITIONS['cluster-ok']({...all, nodes: [], spec: {...spec, nodes: []}})).toEqual([])
  })
})
