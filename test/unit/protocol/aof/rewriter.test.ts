import {describe, expect, it} from 'vitest'
import {AofRewriter} from '../../../../src/lib/protocol/aof/rewriter.js'
import {CHUNK_BYTES} from '../../../../src/lib/protocol/chunk-output.js'
import type {RdbValue} from '../../../../src/lib/protocol/rdb/value.js'
import {commandsOf, readAof} from '../../../support/aof-file.js'
import {EVERY_VALUE, EVERY_VALUE_DATABASES, LIBRARY} from '../../../support/every-value.js'
import {encodeRequest} from '../../../support/raw-resp.js'
import {Rig} from '../../server/rig.js'

function feed(rig: Rig, commands: readonly (readonly string[])[]): void {
  const client = rig.connect()
  for (const command of commands) {
    const bytes = Buffer.from(encodeRequest(command), 'latin1')
    client.feed(bytes, bytes.length, rig.nowMs)
    expect(client.reply.take()).not.toMatch(/^-/)
  }
}

function rewritten(rig: Rig): {commands: (readonly string[])[]; chunkLengths: number[]} {
  const chunks: Buffer[] = []
  const writer = new AofRewriter((chunk) => chunks.push(Buffer.from(chunk)))
  writer.library(LIBRARY)
  for (const index of EVERY_VALUE_DATABASES) {
    const database = rig.server.databases[index]!
    writer.database(index)
    for (const key of database.keys()) {
      const value = database.peek(key)!
      const rdb = typeof value === 'string' ? value : value.toRdb()
      for (let done = writer.key(key, rdb, database.expiryOf(key)); !done; done = writer.more());
    }
  }
  writer.end()
  const {items, reader} = readAof(chunks)
  expect(reader.end()).toBe('whole')
  return {chunkLengths: chunks.map(({length}) => length), commands: commandsOf(items)}
}

/** How the entries are spread over nodes may differ. */
const spreadless = (reply: string): string => reply.replace(/(radix-tree-(?:keys|nodes)\r\n):\d+/g, '$1')

const digestOf = (rig: Rig): string => rig.run(rig.connect(), 'DEBUG DIGEST')

describe('AofRewriter', () => {
  it('writes commands that make the same data, of at most 64 elements each', () => {
    const rig = new Rig('enable-debug-command yes')
    feed(rig, EVERY_VALUE)
    const {chunkLengths, commands} = rewritten(rig)
    expect(Math.max(...chunkLengths)).toBeLessThanOrEqual(CHUNK_BYTES)
    for (const [name, , ...rest] of commands) {
      if (name === 'RPUSH' || name === 'SADD') expect(rest.length).toBeLessThanOrEqual(64)
      if (name === 'HMSET' || name === 'ZADD') expect(rest.length).toBeLessThanOrEqual(128)
    }
    const again = new Rig('enable-debug-command yes')
    feed(again, commands)
    expect(digestOf(again)).toBe(digestOf(rig))
    for (const question of [
      'XINFO STREAM stream',
      'XINFO GROUPS stream',
      'XPENDING stream one - + 100',
      'PTTL expiring',
      'FUNCTION LIST WITHCODE',
    ])
      expect(spreadless(again.run(again.connect(), question))).toBe(spreadless(rig.run(rig.connect(), question)))
  })

  it('writes a stream as the server does', () => {
    const rig = new Rig()
    const lines = ['XADD s 5-1 f v g w', 'XADD s 6-1 f x', 'XADD s 7-1 f y', 'XDEL s 7-1', 'XGROUP CREATE s g1 5-1']
    rig.run(rig.connect(), ...lines, 'XGROUP CREATE s g2 0', 'XREADGROUP GROUP g2 alice COUNT 1 STREAMS s >')
    rig.run(rig.connect(), 'XGROUP CREATECONSUMER s g2 bob')
    const text = rewritten(rig).commands.map((argv) => argv.join(' '))
    expect(text.filter((line) => line.includes(' s '))).toEqual([
      'XADD s 5-1 f v g w',
      'XADD s 6-1 f x',
      'XSETID s 7-1 ENTRIESADDED 3 MAXDELETEDID 7-1',
      'XGROUP CREATE s g1 5-1 ENTRIESREAD -1',
      'XGROUP CREATE s g2 5-1 ENTRIESREAD -1',
      `XCLAIM s g2 alice 0 5-1 TIME ${rig.nowMs} RETRYCOUNT 1 JUSTID FORCE`,
      'XGROUP CREATECONSUMER s g2 bob',
    ])
  })

  it('takes several steps for a large value, and tells its expiry last', () => {
    const members = Array.from({length: 20_000}, (_, i) => `member number ${i}`)
    const chunks: Buffer[] = []
    const writer = new AofRewriter((chunk) => chunks.push(Buffer.from(chunk)))
    writer.timestamp(1_700_000_000)
    let steps = 1
    let before = writer.bytes
    const set = {encoding: 'hashtable', members, type: 'set'} as RdbValue
    for (let isDone = writer.key('k', set, 4_000_000_000_123); !isDone; isDone = writer.more()) {
      expect(writer.bytes - before).toBeLessThan(2 * CHUNK_BYTES)
      before = writer.bytes
      steps++
    }
    expect(writer.more()).toBe(true)
    writer.end()
    expect(steps).toBeGreaterThan(5)
    const {items} = readAof(chunks)
    expect(items[0]).toEqual({kind: 'timestamp', unixSeconds: 1_700_000_000})
    const commands = commandsOf(items)
    expect(commands.at(-1)).toEqual(['PEXPIREAT', 'k', '4000000000123'])
    expect(commands.slice(0, -1).flatMap(([, , ...some]) => some)).toEqual(members)
  })
})
