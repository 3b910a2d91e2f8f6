import {describe, expect, it} from 'vitest'
import {differencesOf} from '../../../src/lib/environment/differences.js'
import {nodesOf, planEnvironment, portsOf, requireEnvironmentName} from '../../../src/lib/environment/spec.js'

describe('environment spec', () => {
  it.each(['default', 'a', '7', 'eu-west_1', 'a'.repeat(40)])('takes the name %s', (name) => {
    expect(requireEnvironmentName(name)).toBe(name)
  })

  it.each(['', 'A', '-a', '_a', 'a b', 'a/b', '..', '.', 'a.b', 'ä', 'a\n', 'a'.repeat(41)])('refuses %j', (name) => {
    expect(() => requireEnvironmentName(name)).toThrow(expect.objectContaining({code: 'BAD_FLAG', exitCode: 2}))
  })

  it('fills in defaults', () => {
    const {nodes, ...spec} = planEnvironment({name: 'x'})
    expect(spec).toEqual({
      basePort: 17001,
      engine: 'embedded',
      name: 'x',
      nodeTimeoutMs: 2000,
      persistence: 'none',
      primaries: 3,
      regions: [],
      replicas: 1,
      settings: {},
      topology: 'cluster',
    })
    expect(nodes.map(({name, port, replicaOf = 'none'}) => `${name} ${port} ${replicaOf}`)).toEqual([
      ...['n1 17001 none', 'n2 17002 none', 'n3 17003 none'],
      ...['n4 17004 n1', 'n5 17005 n2', 'n6 17006 n3'],
    ])
  })

  it('spreads nodes over regions, replicas apart from their primary', () => {
    const {nodes} = planEnvironment({name: 'x', regions: ['eu', 'us']})
    expect(nodes.map(({region}) => region)).toEqual(['eu', 'us', 'eu', 'us', 'eu', 'us'])
  })

  it('makes a replication of one primary that its replicas know', () => {
    const spec = planEnvironment({name: 'x', topology: 'replication'})
    const [first, second] = nodesOf(spec, {n1: '10.0.0.1'})
    expect(spec).toMatchObject({primaries: 1, replicas: 2})
    expect(first).toMatchObject({cluster: false, peerHost: '10.0.0.1'})
    expect(second).toMatchObject({cluster: false, primary: {host: '10.0.0.1', port: 17001}})
    expect(() => planEnvironment({name: 'x', primaries: 2, topology: 'replication'})).toThrow(/one primary/)
  })

  it('lets settings of the request prevail', () => {
    const spec = planEnvironment({name: 'x', settings: {appendonly: 'yes', maxmemory: '1gb'}})
    const settings = nodesOf(spec)[0]?.settings?.map((words) => words.join(' '))
    expect(settings).toEqual(expect.arrayContaining(['appendonly yes', 'maxmemory 1gb']))
    expect(settings).not.toContain('appendonly no')
  })

  it.each([
    [{primaries: 0}, 'BAD_FLAG'],
    [{primaries: 101}, 'BAD_FLAG'],
    [{basePort: 0}, 'BAD_FLAG'],
    [{basePort: 55531}, 'BAD_FLAG'],
    [{password: ''}, 'BAD_FLAG'],
    [{replicas: -1}, 'BAD_FLAG'],
    [{primaries: 34, replicas: 2}, 'BAD_FLAG'],
  ])('refuses %j', (request, code) => {
    expect(() => planEnvironment({name: 'x', ...request})).toThrow(expect.objectContaining({code}))
  })

  it('takes the last ports there are', () => {
    expect(Math.max(...portsOf(planEnvironment({basePort: 55530, name: 'x'})))).toBe(65535)
  })

  it('lays nodes out on consecutive ports with their bus 10000 above', () => {
    const nodes = nodesOf(planEnvironment({basePort: 20000, name: 'x', password: 'p', primaries: 1}))
    expect(nodes.map(({address, busPort, name, password}) => [name, address.port, busPort, password])).toEqual([
      ['n1', 20000, 30000, 'p'],
      ['n2', 20001, 30001, 'p'],
    ])
  })

  it.each([
    ['none', ['save ', 'appendonly no']],
    ['rdb', ['save 3600 1 300 100 60 10000', 'appendonly no']],
    ['aof', ['save ', 'appendonly yes']],
  ] as const)('lets nodes keep %s', (persistence, lines) => {
    const nodes = nodesOf(planEnvironment({name: 'x', persistence}))
    for (const {settings} of nodes)
      expect(settings?.map((words) => words.join(' '))).toEqual(expect.arrayContaining([...lines]))
  })

  it('finds only differences that were asked for, and shows no password', () => {
    const existing = planEnvironment({name: 'x', password: 'old'})
    expect(differencesOf({name: 'x'}, existing)).toEqual([])
    expect(differencesOf({basePort: 17001, name: 'x', password: 'old', primaries: 3}, existing)).toEqual([])
    const other = {basePort: 1, password: 'new', persistence: 'rdb', primaries: 5, replicas: 0} as const
    const found = differencesOf({name: 'x', ...other}, existing)
    expect(found).toHaveLength(5)
    expect(found.join()).not.toMatch(/new|old/)
    expect(differencesOf({name: 'x', engine: 'docker', program: 'redis:7'}, existing)).toEqual([
      '--engine is embedded, not docker',
      '--image is not given, not redis:7',
    ])
  })
})
