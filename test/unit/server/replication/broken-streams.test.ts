import {describe, expect, it} from 'vitest'
import {encodeCommand} from '../../../../src/lib/protocol/resp/encode-command.js'
import type {Client} from '../../../../src/lib/server/client.js'
import type {ReplicationEffects} from '../../../../src/lib/server/replication/link-effects.js'
import {Rig} from '../rig.js'
import {LinkedRigs} from './linked-rigs.js'

/** What goes wrong between a primary and its replicas. */

function pair(primarySettings = ''): {rigs: LinkedRigs; primary: Rig; replica: Rig; writer: Client; reader: Client} {
  const rigs = new LinkedRigs(primarySettings, '')
  const [primary, replica] = rigs.rigs as [Rig, Rig]
  const reader = replica.connect()
  replica.run(reader, 'REPLICAOF h 0')
  rigs.pass(2)
  return {primary, reader, replica, rigs, writer: primary.connect()}
}

describe('replication', () => {
  it('asks for everything anew after bytes that are no commands', () => {
    const {primary, reader, replica, rigs, writer} = pair()
    const {replicas} = primary.server.replication
    const before = replica.server.replication.offset
    for (const {client} of replicas.attached.values()) client.pushInline('*1\r\nno bulk\r\n')
    rigs.settle()
    primary.run(writer, 'SET a 1')
    rigs.pass(3)
    expect(replica.log.filter((line) => line.includes('Protocol error'))).toHaveLength(1)
    expect(replicas.fullSyncs).toBe(2)
    expect(replica.run(reader, 'GET a')).toBe('$1\r\n1\r\n')
    expect(replica.server.replication.offset).toBeGreaterThan(before)
    expect(replica.server.state.isApplying).toBe(false)
  })

  it('says that a command of the stream failed', () => {
    const {primary, replica, rigs} = pair()
    primary.server.replication.feed(0, ['LPUSH', 'k'])
    rigs.settle()
    expect(replica.log.at(-1)).toBe(
      "warning == CRITICAL == This replica is sending an error to its master: 'ERR wrong number of arguments for 'lpush' command' after processing the command 'LPUSH'",
    )
    expect(replica.server.replication.offset).toBe(primary.server.replication.offset)
  })

  it('gets a command in pieces, and a transaction in one', () => {
    const {primary, reader, replica, rigs} = pair()
    const {replication} = replica.server
    const before = replication.offset
    const text = encodeCommand(['MULTI']) + encodeCommand(['SET', 'a', '1']) + encodeCommand(['SET', 'b', '2'])
    for (const byte of text) {
      primary.server.replication.relay(byte)
      rigs.settle()
    }
    expect([replication.offset, replica.run(reader, 'DBSIZE')]).toEqual([before, ':0\r\n'])
    primary.server.replication.relay(encodeCommand(['EXEC']))
    rigs.settle()
    const more = encodeCommand(['SET', 'c', '3']).repeat(20)
    for (let at = 0; at < more.length; at += 37) {
      primary.server.replication.relay(more.slice(at, at + 37))
      rigs.settle()
    }
    expect(replication.offset).toBe(primary.server.replication.offset)
    const [theirs, its] = [primary, replica].map(({server}) => server.replication.replicas.backlog!)
    expect(its!.from(its!.firstOffset)).toBe(theirs!.from(its!.firstOffset))
    expect(replica.run(reader, 'MGET a b')).toBe('*2\r\n$1\r\n1\r\n$1\r\n2\r\n')
  })

  it('goes by the clock of the primary, whenever the stream comes', () => {
    const {primary, reader, replica, rigs, writer} = pair()
    primary.run(writer, 'SET from 1')
    const payload = primary.run(writer, 'DUMP from').split('\r\n').slice(1, -1).join('\r\n')
    primary.server.execute(writer, ['RESTORE', 'restored', '1000', payload])
    primary.run(writer, 'SET set 1 PX 1000', 'SET put-off 1', 'PEXPIRE put-off 1000')
    for (const key of ['restored', 'set', 'put-off']) expect(primary.run(writer, `PERSIST ${key}`)).toBe(':1\r\n')
    replica.nowMs += 5000
    rigs.settle()
    expect(replica.run(reader, 'EXISTS restored set put-off')).toBe(':3\r\n')
  })

  it('takes the last deadline there is', () => {
    const {primary, reader, replica, rigs, writer} = pair()
    const last = '9223372036854775807'
    primary.run(writer, `SET a 1 PXAT ${last}`, 'SET b 1', `GETEX b PXAT ${last}`, 'SET c 1', `PEXPIREAT c ${last}`)
    rigs.settle()
    for (const key of ['a', 'b', 'c']) expect(replica.run(reader, `PEXPIRETIME ${key}`)).toBe(`:${last}\r\n`)
    // And in a snapshot.
    replica.run(reader, 'REPLICAOF NO ONE', 'SET mine 1', 'REPLICAOF h 0')
    rigs.pass(2)
    expect(replica.run(reader, 'DBSIZE', 'PEXPIRETIME a')).toBe(`:3\r\n:${last}\r\n`)
  })

  it('stands still while a replica takes over, whoever waits for acknowledgements', () => {
    const {primary, rigs, writer} = pair()
    primary.run(writer, 'SET a 1')
    const {replication} = primary.server
    primary.server.pauseForFailover(primary.nowMs + 5000)
    const {offset} = replication
    expect(primary.run(writer, 'WAIT 2 3000')).toBe('')
    rigs.pass(2)
    expect(replication.offset).toBe(offset)
    primary.server.endFailoverPause()
    rigs.pass(12)
    expect(replication.offset).toBeGreaterThan(offset)
    expect(writer.reply.take()).toBe(':1\r\n')
  })

  it('begins anew where a replica lags too far behind, be it behind its snapshot', () => {
    const {primary, reader, replica, rigs, writer} = pair('client-output-buffer-limit "replica 10000 0 0"')
    const {replicas} = primary.server.replication
    for (let i = 0; i < 200; i++) primary.run(writer, `SET k${i} ${'x'.repeat(100)}`)
    expect(replicas.attached.size).toBe(0)
    replica.run(reader, 'REPLICAOF NO ONE', 'REPLICAOF h 0')
    // The snapshot is on its way, and what is written is to follow.
    const isReceiving = (): boolean => [...replicas.attached.values()].some(({state}) => state === 'send_bulk')
    for (let turn = 0; turn < 20 && !isReceiving(); turn++) rigs.step(1)
    expect(isReceiving()).toBe(true)
    for (let i = 0; i < 200; i++) primary.run(writer, `SET k${i} ${'y'.repeat(100)}`)
    expect(replicas.attached.size).toBe(0)
    rigs.pass(3)
    expect(replica.run(reader, 'GET k199')).toBe(`$100\r\n${'y'.repeat(100)}\r\n`)
  })

  it('tries again where no connection can be made', () => {
    const rig = new Rig()
    const effects = rig.server.effects as unknown as ReplicationEffects
    effects.openLink = () => {
      throw new Error('no certificate')
    }
    expect(rig.run(rig.connect(), 'REPLICAOF h 0')).toBe('+OK\r\n')
    for (let turn = 0; turn < 10; turn++) rig.server.cron(rig.nowMs)
    expect(rig.log.filter((line) => line.includes('no certificate'))).toHaveLength(2)
    expect(rig.server.replication.link?.state).toBe('connect')
  })

  it('takes a command that no string can hold', () => {
    const rig = new Rig()
    const client = rig.connect()
    const {replication} = rig.server
    let bytes = 0
    replication.replicas.feed = (text) => {
      bytes += text.length
    }
    rig.server.state.propagation.setReplicas(replication)
    // Long, and not in memory.
    const half = 'x'.repeat(300 * 1024 * 1024)
    const argv = ['RPUSH', 'k', half, half]
    rig.server.execute(client, argv)
    expect(client.reply.take()).toBe(':2\r\n')
    const sent = [encodeCommand(['SELECT', '0']), '*4\r\n$5\r\nRPUSH\r\n$1\r\nk\r\n'].join('').length
    expect(bytes).toBe(sent + 2 * `$${half.length}\r\n${half}\r\n`.length)
    expect(replication.offset).toBe(bytes)
  })
})
