import {describe, expect, it} from 'vitest'
import type {Finding} from '../../../../src/lib/plan/finding.js'
import {checkHealth, type HealthOptions} from '../../../../src/lib/plan/health/health.js'
import type {NodeTraits} from '../../../../src/lib/plan/health/traits.js'
import {buildView, change, idOf, type NodeSpec, SIX} from '../../model/build-view.js'

type Changes = Readonly<Record<string, Partial<NodeSpec>>>
type Traits = Readonly<Record<string, Partial<NodeTraits>>>

const SOUND: NodeTraits = {
  settings: new Map([
    ['appendonly', 'no'],
    ['cluster-node-timeout', '15000'],
    ['maxmemory', '0'],
    ['save', '3600 1'],
  ]),
  users: new Map([['default', 'x']]),
  functions: new Map(),
}

/** What every node of SIX tells, with changes for some. */
function traitsOf(changes: Traits): HealthOptions['traits'] & object {
  return new Map(['a', 'b', 'c', 'd', 'e', 'f'].map((name) => [idOf(name), {...SOUND, ...changes[name]}]))
}

function check(changes: Changes, traits: Traits = {}, options: Omit<HealthOptions, 'traits'> = {}): Finding[] {
  return checkHealth(buildView(change(SIX, changes)), {traits: traitsOf(traits), ...options})
}

const brief = (findings: readonly Finding[]) =>
  findings.map(({id, nodes, severity}) => [severity, id, nodes.map((node) => node.id[0]).join('')].join(' '))

const settings = (changes: Readonly<Record<string, string>>) => ({
  settings: new Map([...(SOUND.settings ?? []), ...Object.entries(changes)]),
})

const UP = 'master_link_status:up\r\n'
const MB = 1024 * 1024

describe('replicas', () => {
  const primary = (extra = '') => ({info: `master_repl_offset:${100 * MB}\r\nmaster_replid:x\r\n${extra}`})
  const replica = (behindMb: number, extra = '') => ({
    info: `${UP}slave_repl_offset:${(100 - behindMb) * MB}\r\nmaster_replid:x\r\n${extra}`,
  })
  const cases: [name: string, changes: Changes, found: string[]][] = [
    ['one that is up to date', {a: primary(), d: replica(0)}, []],
    ['one that is behind by no more than the time between two questions', {a: primary(), d: replica(9)}, []],
    ['one that is far behind', {a: primary(), d: replica(11)}, ['warning replica-lagging d']],
    [
      'one that a large backlog can still bring on',
      {a: primary(`repl_backlog_size:${64 * MB}\r\n`), d: replica(60)},
      [],
    ],
    [
      'one of another history, whose offset says nothing',
      {a: primary(), d: {info: `${UP}slave_repl_offset:1\r\nmaster_replid:y\r\n`}},
      [],
    ],
    [
      'one that a primary told nothing for long',
      {d: replica(0, 'master_last_io_seconds_ago:31\r\n')},
      ['warning replica-lagging d'],
    ],
    ['one that was told something a moment ago', {d: replica(0, 'master_last_io_seconds_ago:30\r\n')}, []],
    [
      'one that does not confirm',
      {a: primary('slave0:ip=10.0.0.3,port=7003,state=online,offset=5,lag=11\r\n'), d: replica(0)},
      ['warning replica-lagging d'],
    ],
    [
      'another one of the primary that does not confirm',
      {a: primary('slave0:ip=10.0.0.9,port=7003,state=online,offset=5,lag=11\r\n'), d: replica(0)},
      [],
    ],
    ['one of a replica', {f: {of: 'e'}}, ['warning replica-of-replica f', 'warning primary-without-replica c']],
  ]
  for (const [name, changes, found] of cases) {
    it(`judges ${name}`, () => {
      expect(brief(check(changes))).toEqual(found)
    })
  }

  it('says how much of a first transfer is left', () => {
    const [found] = check({
      d: {info: 'master_link_status:down\r\nmaster_sync_in_progress:1\r\nmaster_sync_left_bytes:4711\r\n'},
    })
    expect(found).toMatchObject({id: 'replica-behind', severity: 'notice'})
    expect(found?.message).toContain('4711 bytes to go')
  })

  it('finds primaries whose replicas may not take over', () => {
    const no = settings({'cluster-replica-no-failover': 'yes'})
    expect(brief(check({}, {d: no}))).toEqual(['warning replica-no-failover a'])
    expect(brief(check({}, {a: no}))).toEqual([])
  })

  it('tells a replica with open slots how to get rid of them', () => {
    const [found] = check({d: {slots: '[9-<-b]'}})
    expect(found?.suggestion).toBe(
      'It redirects clients once it is promoted. Promote it, then: shoal fix 10.0.0.1:7000',
    )
  })
})

describe('memory', () => {
  const memory = (used: number, limit: number, more = '') => ({
    info: `used_memory:${used}\r\nmaxmemory:${limit}\r\nmaxmemory_policy:noeviction\r\n${more}`,
  })
  const machine = (total: number, rss: number, limit: number) =>
    `${UP}total_system_memory:${total}\r\nused_memory_rss:${rss}\r\nmaxmemory:${limit}\r\n`
  const cases: [name: string, changes: Changes, found: string[]][] = [
    ['room', {a: memory(89, 100)}, []],
    ['little room', {a: memory(90, 100)}, ['warning memory-short a']],
    ['none', {a: memory(100, 100)}, ['error memory-short a']],
    ['room beside the buffers of replicas', {a: memory(95, 100, 'mem_not_counted_for_evict:10\r\n')}, []],
    ['a full cache that makes room', {a: memory(100, 100, 'maxmemory_policy:allkeys-lru\r\n')}, []],
    ['no limit', {a: memory(100, 0)}, []],
    ['a machine that has enough', {a: {info: machine(100, 40, 50)}, e: {info: machine(100, 40, 50)}}, []],
    [
      'a machine that was promised to several',
      {a: {info: machine(100, 10, 60)}, e: {info: machine(100, 10, 60)}},
      ['warning machine-memory-short ae'],
    ],
    [
      'a machine that fills up with nothing to bound it',
      {a: {info: machine(100, 40, 0)}, e: {info: machine(100, 35, 10)}},
      ['warning machine-memory-short a'],
    ],
    ['an unbounded node on a roomy machine', {a: {info: machine(100, 30, 0)}}, []],
  ]
  for (const [name, changes, found] of cases) {
    it(`judges ${name}`, () => {
      expect(brief(check(changes))).toEqual(found)
    })
  }
})

describe('persistence', () => {
  it('is off where neither snapshots nor a log are written', () => {
    const off = settings({save: ''})
    const info = {info: `${UP}aof_enabled:0\r\n`}
    expect(brief(check({a: info}, {a: off}))).toEqual(['notice persistence-off a'])
    expect(brief(check({a: {info: 'aof_enabled:1\r\n'}}, {a: off}))).toEqual([])
    const names = ['a', 'b', 'c', 'd', 'e', 'f']
    const all = check(
      Object.fromEntries(names.map((name) => [name, info])),
      Object.fromEntries(names.map((name) => [name, off])),
    )
    expect(all.map(({message}) => message)).toEqual([
      'No node keeps its data over a restart: neither snapshots (save "") nor an append-only file.',
    ])
  })

  const failures: [field: string, changes: Readonly<Record<string, string>>, severity: string][] = [
    ['aof_last_write_status', {}, 'error'],
    ['aof_last_bgrewrite_status', {}, 'warning'],
    ['rdb_last_bgsave_status', {}, 'error'],
    ['rdb_last_bgsave_status', {save: ''}, 'warning'],
    ['rdb_last_bgsave_status', {'stop-writes-on-bgsave-error': 'no'}, 'warning'],
  ]
  for (const [field, changes, severity] of failures) {
    it(`fails by ${field} with ${JSON.stringify(changes)}`, () => {
      const found = check({b: {info: `${field}:err\r\n`}}, {b: settings(changes)})
      expect(brief(found)).toEqual([`${severity} persistence-failing b`])
      expect(found[0]?.message.includes('refuses writes')).toBe(severity === 'error')
    })
  }
})

describe('drift', () => {
  it('names the odd ones by what most have, and how to set them', () => {
    const [found, ...more] = check({}, {b: settings({maxmemory: '100'}), c: settings({maxmemory: '200'})})
    expect(more).toEqual([])
    expect(found).toMatchObject({
      id: 'config-drift',
      severity: 'warning',
      suggestion: 'shoal call 10.0.0.1:7000 CONFIG SET maxmemory 0',
    })
    expect(found?.message).toBe(
      'maxmemory is 0 on 4 nodes, but 100 on 10.0.0.2:7001 (bbbbbbbb), 200 on 10.0.0.3:7002 (cccccccc).',
    )
    expect(found?.nodes.map(({id}) => id[0])).toEqual(['b', 'c'])
  })

  it('takes what most have for what is meant, whoever comes first', () => {
    const [found] = check({}, {a: settings({maxmemory: '100'})})
    expect(found?.message).toBe('maxmemory is 0 on 5 nodes, but 100 on 10.0.0.1:7000 (aaaaaaaa).')
  })

  it('leaves the value to the operator where as many nodes have the one as the other', () => {
    const half = Object.fromEntries(['d', 'e', 'f'].map((name) => [name, settings({maxmemory: '100'})]))
    expect(check({}, half)[0]?.suggestion).toBe('shoal call 10.0.0.1:7000 CONFIG SET maxmemory VALUE')
    const slow = Object.fromEntries(['d', 'e', 'f'].map((name) => [name, settings({'cluster-node-timeout': '9000'})]))
    expect(check({}, slow)[0]?.suggestion).toBe('shoal set-timeout 10.0.0.1:7000 MS')
  })

  it('sets the node timeout by its own command, and thinks less of appendonly', () => {
    const timeout = check({}, {e: settings({'cluster-node-timeout': '5000'})})
    expect(timeout[0]?.suggestion).toBe('shoal set-timeout 10.0.0.1:7000 15000')
    expect(brief(check({}, {d: settings({appendonly: 'yes'})}))).toEqual(['notice config-drift d'])
  })

  it('does not compare what a node does not know', () => {
    const without = new Map([...(SOUND.settings ?? [])].filter(([name]) => name !== 'maxmemory'))
    expect(check({}, {a: {settings: without}})).toEqual([])
  })

  it('names users that are missing, different or alone', () => {
    const users = (entries: Readonly<Record<string, string>>) => ({users: new Map(Object.entries(entries))})
    const most = users({default: 'x', app: '1'})
    const all = {a: most, b: most, c: most, d: most, e: users({default: 'x', app: '2'}), f: users({default: 'x'})}
    const [found] = check({}, all)
    expect(found).toMatchObject({id: 'acl-drift', severity: 'warning'})
    expect(found?.message).toBe(
      'ACL user app has other rules on 10.0.0.1:7004 (eeeeeeee), is missing on 10.0.0.2:7005 (ffffffff).',
    )
    const alone = check({}, {b: users({default: 'x', root: '9'})})
    expect(alone.map(({message}) => message)).toEqual(['ACL user root exists on 10.0.0.2:7001 (bbbbbbbb) alone.'])
  })

  it('leaves users of another version alone, since it writes their rules in its own way', () => {
    const found = check({f: {info: `redis_version:6.2.0\r\n${UP}`}}, {f: {users: new Map([['default', 'y']])}})
    expect(brief(found)).toEqual(['notice version-skew f'])
  })

  it('compares functions of primaries', () => {
    const library = {functions: new Map([['lib', '1']])}
    const [found, ...more] = check({}, {a: library, c: library, d: library, e: {functions: new Map()}})
    expect(more).toEqual([])
    expect(found).toMatchObject({id: 'functions-drift', severity: 'warning'})
    expect(found?.message).toBe('function library lib is missing on 10.0.0.2:7001 (bbbbbbbb).')
  })

  it('does not judge what it is not told, and says so once', () => {
    const found = check({}, {a: {settings: undefined, users: undefined}, b: {users: undefined, functions: new Map()}})
    expect(brief(found)).toEqual(['notice not-judged ab'])
    expect(found[0]?.message).toBe(
      'Not judged, because not told: settings of 10.0.0.1:7000 (aaaaaaaa); ' +
        'ACL users of 10.0.0.1:7000 (aaaaaaaa), 10.0.0.2:7001 (bbbbbbbb).',
    )
    expect(found[0]?.suggestion).toContain('+config|get +acl|list')
  })
})

describe('places', () => {
  const inZones = (zones: string) =>
    Object.fromEntries(
      ['a', 'b', 'c', 'd', 'e', 'f'].flatMap((name, index) => {
        const zone = zones[index]
        return zone === undefined || zone === ' ' ? [] : [[name, {info: `${UP}availability_zone:${zone}\r\n`}]]
      }),
    )
  const cases: [zones: string, found: string[]][] = [
    ['      ', []],
    ['xyzyzx', []],
    ['xyzxzx', ['warning shard-in-one-zone ad']],
    ['xyyyxx', ['notice majority-in-one-place bc']],
    ['xxxxxx', ['notice shard-in-one-zone ']],
    ['xxxxx ', []],
    ['xyz   ', []],
  ]
  for (const [zones, found] of cases) {
    it(`judges zones ${zones} of a-f`, () => {
      expect(brief(check(inZones(zones)))).toEqual(found)
    })
  }

  it('believes the operator before the nodes, by host or address', () => {
    const labels = {
      zones: new Map([
        ['10.0.0.1', 'x'],
        ['10.0.0.3:7003', 'x'],
        ['10.0.0.2', 'y'],
        ['10.0.0.3', 'z'],
      ]),
    }
    expect(brief(check(inZones('abcdef'), {}, labels))).toEqual(['warning shard-in-one-zone ad'])
  })

  it('finds most primaries on one host', () => {
    const found = check({b: {host: '10.0.0.1'}, e: {host: '10.0.0.2'}})
    expect(brief(found)).toEqual(['notice majority-in-one-place ab'])
    expect(found[0]?.message).toContain('2 owners of slots out of 3 are on one host, 10.0.0.1')
  })
})
