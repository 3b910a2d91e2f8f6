import {connect, type Socket} from 'node:net'
import {Cluster} from 'ioredis'
import {beforeAll, describe, expect, it} from 'vitest'
import {hashSlot} from '../../src/lib/protocol/hash-slot.js'
import {describeWithPeers} from '../support/peers.js'
import {claimPorts} from '../support/ports.js'
import {waitFor} from '../support/processes.js'
import {
  type AnyNode,
  readKeys,
  redisCli,
  startEmbedded,
  startReal,
  waitForFlags,
  waitForOneView,
  writeKeys,
} from './mixed-cluster-support.js'

const KEY_COUNT = 200

describeWithPeers('redis-cli --cluster against embedded nodes alone', () => {
  let nodes: AnyNode[] = []
  const seed = () => `127.0.0.1:${nodes[0]?.port}`

  beforeAll(async () => {
    const base = await claimPorts(4)
    nodes = await Promise.all([0, 1, 2, 3].map((index) => startEmbedded({port: base + index})))
  })

  it('create, check and info', async () => {
    const [a, b, c] = nodes as [AnyNode, AnyNode, AnyNode]
    const addresses = [a, b, c].map(({port}) => `127.0.0.1:${port}`)
    const created = await redisCli('--cluster', 'create', ...addresses, '--cluster-yes')
    expect(created).toContain('[OK] All 16384 slots covered')
    await waitForOneView([a, b, c])
    await writeKeys(a, KEY_COUNT)
    expect(await redisCli('--cluster', 'info', seed())).toContain(`${KEY_COUNT} keys in 3 masters`)
    expect(await redisCli('--cluster', 'check', seed())).toContain('All nodes agree about slots configuration')
  })

  it('ioredis follows the slots, also while one is moving', async () => {
    const [a, b] = nodes as [AnyNode, AnyNode]
    const cluster = new Cluster([{host: '127.0.0.1', port: a.port}])
    cluster.on('error', () => undefined)
    const [from, to] = await Promise.all([a, b].map(async (node) => String(await node.call('CLUSTER', 'MYID'))))
    const name = ['x', 'y', 'z', 'u', 'v', 'w'].find((tag) => hashSlot(`{${tag}}`) <= 5460) as string
    const slot = hashSlot(`{${name}}`)
    for (let index = 0; index < 20; index++) await cluster.set(`{${name}}${index}`, index)
    await b.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', from as string)
    await a.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', to as string)
    const half = (await a.call('CLUSTER', 'GETKEYSINSLOT', slot, 10)) as string[]
    await a.call('MIGRATE', '127.0.0.1', b.port, '', 0, 5000, 'KEYS', ...half)
    // Half of the keys are answered with ASK, new ones too.
    for (let index = 0; index < 20; index++) expect(await cluster.get(`{${name}}${index}`)).toBe(`${index}`)
    await cluster.set(`{${name}}new`, 'x')
    expect(await b.call('CLUSTER', 'COUNTKEYSINSLOT', slot)).toBe(11)
    const rest = (await a.call('CLUSTER', 'GETKEYSINSLOT', slot, 100)) as string[]
    await a.call('MIGRATE', '127.0.0.1', b.port, '', 0, 5000, 'KEYS', ...rest)
    await b.call('CLUSTER', 'SETSLOT', slot, 'NODE', to as string)
    await a.call('CLUSTER', 'SETSLOT', slot, 'NODE', to as string)
    for (let index = 0; index < 20; index++) expect(await cluster.get(`{${name}}${index}`)).toBe(`${index}`)
    cluster.disconnect()
    await waitForOneView(nodes.slice(0, 3))
  })

  it('add-node and rebalance onto it', async () => {
    await redisCli('--cluster', 'add-node', `127.0.0.1:${nodes[3]?.port}`, seed())
    await waitForOneView(nodes)
    const rebalanced = await redisCli('--cluster', 'rebalance', seed(), '--cluster-use-empty-masters')
    expect(rebalanced).toContain('Rebalancing across 4 nodes')
    const view = await waitForOneView(nodes)
    expect(view.split('\n').every((line) => line.split(' ').length > 5)).toBe(true)
    expect(await readKeys(nodes[3] as AnyNode, KEY_COUNT)).toBe(KEY_COUNT)
  })

  it('del-node after it gave its slots away', async () => {
    const drained = nodes[3] as AnyNode
    const id = String(await drained.call('CLUSTER', 'MYID'))
    await redisCli('--cluster', 'rebalance', seed(), '--cluster-weight', `${id}=0`)
    await waitForFlags([drained], drained.port, /myself,slave/)
    await redisCli('--cluster', 'del-node', seed(), id)
    await waitForOneView(nodes.slice(0, 3))
    expect(await readKeys(nodes[0] as AnyNode, KEY_COUNT)).toBe(KEY_COUNT)
  })

  it('a node that comes back after SIGKILL is the same node', async () => {
    const victim = nodes[2] as AnyNode
    const id = await victim.call('CLUSTER', 'MYID')
    await victim.kill()
    const again = await victim.restart()
    nodes[2] = again
    expect(await again.call('CLUSTER', 'MYID')).toBe(id)
    await waitForOneView(nodes.slice(0, 3))
  })

  it('what was answered OK survives SIGKILL', async () => {
    let node = await startEmbedded()
    await node.call('CLUSTER', 'SET-CONFIG-EPOCH', 7)
    for (let slot = 0; slot < 5; slot++) {
      await node.call('CLUSTER', 'ADDSLOTS', slot)
      await node.kill()
      node = await node.restart()
      expect(await node.call('CLUSTER', 'NODES')).toMatch(
        new RegExp(` 7 connected ${slot === 0 ? '0' : `0-${slot}`}\n$`),
      )
    }
  })

  it('a second process cannot use the same nodes.conf', async () => {
    const {folder} = nodes[0] as AnyNode
    const port = await claimPorts()
    await expect(startEmbedded({port, folder, deadlineMs: 1500})).rejects.toThrow()
    expect(await nodes[0]?.call('PING')).toBe('PONG')
  })
})

/** One connection that answers one command at a time, as raw bytes. */
class RawClient {
  private socket: Socket
  private text = ''

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1')
    this.socket.setEncoding('latin1').on('data', (chunk: string) => {
      this.text += chunk
    })
  }

  /** ECHO after the command marks the end of its reply. */
  async call(words: readonly string[]): Promise<string> {
    const mark = `mark-${Math.random()}`
    const end = `$${mark.length}\r\n${mark}\r\n`
    for (const command of [words, ['ECHO', mark]]) {
      this.socket.write(`*${command.length}\r\n${command.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`)
    }
    await waitFor(() => this.text.endsWith(end), {everyMs: 1, what: `the reply to ${words.join(' ')}`})
    const reply = this.text.slice(0, -end.length)
    this.text = ''
    return reply
  }

  close(): void {
    this.socket.destroy()
  }
}

const NOBODY = 'a'.repeat(40)
/** `MYID` stands for the id of the node that is asked. */
const COMMANDS = `
setslot 0 migrating ${NOBODY}|setslot 0 importing ${NOBODY}|addslots 0 1 2|addslots 2|addslots 5 5|addslots abc
addslots 99999|addslots -1|delslots 7|delslots 0 0|addslotsrange 5 4|addslotsrange 5|addslotsrange 5 6 7
addslotsrange 5 6 6 8|delslotsrange 0 x|delslotsrange 5 1|setslot 0 importing ${NOBODY}|setslot 0 migrating ${NOBODY}
setslot 0 migrating MYID|nodes|setslot 5 importing ${NOBODY}|setslot 5 importing MYID|nodes|setslot 5 importing abc
setslot 0 node ${NOBODY}|setslot 0 node MYID|setslot 0 foo|setslot 0 foo bar|setslot 0 stable x|setslot abc stable
setslot 0 node|setslot 0 node x y|forget ${NOBODY}|forget abc|forget MYID|replicate ${NOBODY}|replicate MYID
replicas ${NOBODY}|replicas MYID|slaves abc|failover|failover force|failover takeover|failover foo|failover force x
set-config-epoch -1|set-config-epoch abc|set-config-epoch 99999999999999999999|set-config-epoch 5|set-config-epoch 6
reset foo|reset hard soft|meet foo 123|meet localhost 7000|meet 127.0.0.1 x|meet 127.0.0.1 0|meet 127.0.0.1 70000
meet 127.0.0.1 60000|meet 127.0.0.1 7000 x|meet 127.0.0.1 7000 99999|meet 127.0.0.1 -5|meet 127.0.0.1 7000 8000 9
countkeysinslot 16384|countkeysinslot x|countkeysinslot -1|getkeysinslot 1 -1|getkeysinslot x 1|getkeysinslot 1 x
getkeysinslot 99999 1|getkeysinslot 0 10|count-failure-reports ${NOBODY}|count-failure-reports MYID|bumpepoch|foo
nodes x|keyslot|keyslot abc|keyslot {foo}bar|saveconfig|links|shards|slots|info|flushslots|myid|slots|shards
delslotsrange 0 10|addslotsrange 0 16383|slots|shards|nodes|links|info`
  .trim()
  .split(/[|\n]/)
  .map((line) => `cluster ${line}`)

/** From here on the nodes own all slots. */
const COVERED = 'cluster addslotsrange 0 16383'

const ENDPOINTS = `config set cluster-announce-hostname host-1.example|cluster slots|cluster shards|cluster nodes
config set cluster-preferred-endpoint-type hostname|cluster slots|cluster shards
config set cluster-preferred-endpoint-type unknown-endpoint|cluster slots|cluster shards
config set cluster-preferred-endpoint-type ip|config set cluster-announce-ip 10.1.2.3|cluster nodes|cluster slots
config set cluster-announce-port 7|config set cluster-announce-bus-port 8|cluster nodes|cluster slots
config set cluster-announce-port 0|config set cluster-announce-bus-port 0|cluster nodes`.split(/[|\n]/)

const REST = ['cluster', 'asking', 'readonly', 'readwrite', 'asking x', 'mget a b', 'mget {a}1 {a}2', 'set {a}x 1']

describeWithPeers('CLUSTER replies, byte for byte (wire.md 1.15, 1.16)', () => {
  describe.each([2, 3])('RESP%d', (protocol) => {
    it('are those of redis-server 7.0.15', async () => {
      const pair = await Promise.all([startReal(), startEmbedded()])
      const clients = pair.map(({port}) => new RawClient(port))
      for (const client of clients) await client.call(['HELLO', `${protocol}`])
      const differences: string[] = []
      for (const line of [...COMMANDS, ...ENDPOINTS, ...REST]) {
        const replies = await Promise.all(
          pair.map(async ({port}, index) => {
            const client = clients[index] as RawClient
            const id = (await client.call(['CLUSTER', 'MYID'])).split('\r\n')[1] as string
            const reply = await client.call(line.split(' ').map((word) => (word === 'MYID' ? id : word)))
            return reply
              .replaceAll(id, 'MYID')
              .replaceAll(`${port + 10000}`, 'BUSPORT')
              .replaceAll(`${port}`, 'PORT')
          }),
        )
        // redis-server is not ok before it has run two seconds; a new embedded node has nothing to wait for.
        if (line === COVERED) {
          for (const node of pair) {
            const isOk = async () => String(await node.call('CLUSTER', 'INFO')).includes('cluster_state:ok')
            await waitFor(isOk, {what: `the ${node.kind} node to be ok`})
          }
        }
        if (replies[0] !== replies[1])
          differences.push(`${line}\n${replies.map((one) => JSON.stringify(one)).join('\n')}`)
      }
      for (const client of clients) client.close()
      expect(differences).toEqual([])
    })
  })
})
