import {beforeEach, describe, expect, it} from 'vitest'
import type {Client} from '../../../../src/lib/server/client.js'
import type {ClusterBinding} from '../../../../src/lib/server/cluster/api.js'
import {AdminHarness} from './harness.js'

const ID = 'a'.repeat(40)
const PRIMARY = {ip: '10.0.0.9', port: 7009}

let node: AdminHarness
let client: Client
let asked: string[]

/** Only what administration asks of the cluster. */
function bind(primary: typeof PRIMARY | undefined): ClusterBinding {
  const core = {
    dropPacketFilter: -1,
    killLinks: (direction: string, id: string) => {
      asked.push(`kill ${direction} ${id}`)
      return [`effect of ${direction}`]
    },
    myself: {primary},
    nodes: new Map([[ID, {}]]),
    serves: new Uint8Array(16384).fill(1),
  }
  const perform = (effects: readonly unknown[]): void => {
    asked.push(...effects.map(String))
  }
  return {core, perform} as unknown as ClusterBinding
}

beforeEach(() => {
  node = new AdminHarness('cluster-enabled yes\nenable-debug-command yes')
  asked = []
  node.server.cluster = bind(undefined)
  client = node.connect()
})

describe('administration in cluster mode', () => {
  it('says so in INFO', () => {
    expect(node.call(client, 'INFO cluster')).toBe('# Cluster\r\ncluster_enabled:1\r\n')
    expect(node.call(client, 'INFO server')).toContain('redis_mode:cluster\r\n')
  })

  it('sets the packet filter and closes links', () => {
    expect(node.call(client, 'DEBUG DROP-CLUSTER-PACKET-FILTER -2')).toBe('+OK')
    expect(node.server.cluster!.core.dropPacketFilter).toBe(-2)
    expect(node.call(client, 'DEBUG DROP-CLUSTER-PACKET-FILTER x')).toBe('-ERR value is not an integer or out of range')
    expect(node.call(client, `DEBUG CLUSTERLINK KILL from ${ID}`)).toBe('+OK')
    expect(asked).toEqual([`kill from ${ID}`, 'effect of from'])
  })

  it('names a node it does not know before a direction it does not know', () => {
    expect(node.call(client, 'DEBUG CLUSTERLINK KILL foo x')).toBe('-ERR Unknown node x')
    expect(node.call(client, `DEBUG CLUSTERLINK KILL foo ${ID}`)).toMatch(/^-ERR unknown subcommand or wrong number/)
    expect(asked).toEqual([])
  })

  it('shows a replica as one', () => {
    expect(node.call(client, 'ROLE')).toEqual(['master', 0, []])
    node.server.replication.follow({host: PRIMARY.ip, port: PRIMARY.port})
    expect(node.call(client, 'ROLE')).toEqual(['slave', '10.0.0.9', 7009, 'connecting', -1])
    expect(node.call(client, 'INFO replication')).toContain(
      '# Replication\r\nrole:slave\r\nmaster_host:10.0.0.9\r\nmaster_port:7009\r\nmaster_link_status:down\r\n',
    )
  })

  it('finds keys and digests over slots', () => {
    for (const key of ['a', 'b', 'c', '{a}d']) node.call(client, ['SET', key, key])
    const flat = new AdminHarness('enable-debug-command yes')
    const other = flat.connect()
    for (const key of ['{a}d', 'c', 'b', 'a']) flat.call(other, ['SET', key, key])
    expect(node.call(client, 'DEBUG DIGEST')).toBe(flat.call(other, 'DEBUG DIGEST'))
    expect(node.call(client, 'DEBUG RELOAD')).toBe('+OK')
    expect(node.call(client, 'DEBUG DIGEST')).toBe(flat.call(other, 'DEBUG DIGEST'))
    expect(node.call(client, 'INFO keyspace')).toContain('db0:keys=4,')
  })
})
