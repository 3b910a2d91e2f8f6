import {expect, it} from 'vitest'
import {describeWithPeers} from '../../support/peers.js'
import type {RawConnection} from '../../support/raw-resp.js'
import {bothServers} from './harness.js'
import {sorted} from './unordered.js'

/** DUMP of one is RESTOREd by the other, both ways, for every encoding. */

const LONG = 'long '.repeat(40)
const numbers = (count: number, from = 0, step = 1): string[] =>
  Array.from({length: count}, (_, i) => String(from + i * step))
const pairs = (fields: readonly string[]): string[] => fields.flatMap((field) => [field, `value of ${field}`])

/** @param encoding - by both; packed ones are dumped to the same bytes, compression apart */
const VALUES: readonly (readonly [name: string, encoding: string, command: readonly string[]])[] = [
  ['integers of 16 bits', 'intset', ['SADD', 'k', '3', '-1', '2', '32767']],
  ['integers of 32 bits', 'intset', ['SADD', 'k', '3', '-1', '2', '32768']],
  ['integers of 64 bits', 'intset', ['SADD', 'k', '3', '-9223372036854775808', '9223372036854775807']],
  ['as many integers as an intset holds', 'intset', ['SADD', 'k', ...numbers(512, -70_000, 300)]],
  ['one more', 'hashtable', ['SADD', 'k', ...numbers(513, -70_000, 300)]],
  ['strings', 'hashtable', ['SADD', 'k', 'a', '', '\0\r\n\xff', LONG, '12', '-100000']],
  ['many strings', 'hashtable', ['SADD', 'k', ...numbers(3000).map((one) => `member:${one}`)]],
  ['a small hash', 'listpack', ['HSET', 'k', 'f', 'v', 'n', '1', '', '', '\xff', '-9223372036854775808']],
  ['a hash of integers of all widths', 'listpack', ['HSET', 'k', ...numbers(24, 1).map((n) => String(2 ** Number(n)))]],
  ['as many fields as a listpack holds', 'listpack', ['HSET', 'k', ...pairs(numbers(512))]],
  ['one field more', 'hashtable', ['HSET', 'k', ...pairs(numbers(513))]],
  ['a hash with a long value', 'hashtable', ['HSET', 'k', 'f', LONG, '1', '2']],
]

/** The bytes of a bulk reply. */
function bulk(reply: string): string {
  return reply.slice(reply.indexOf('\n') + 1, -2)
}

async function contents(connection: RawConnection, isHash: boolean): Promise<string> {
  return isHash ? sorted(await connection.call('HGETALL', 'k'), 2) : sorted(await connection.call('SMEMBERS', 'k'))
}

describeWithPeers('payloads of sets and hashes between redis-server and the node', () => {
  for (const compression of ['yes', 'no']) {
    const {both} = bothServers({rdbcompression: compression})
    for (const [name, encoding, command] of VALUES) {
      it(`carries ${name} (compression ${compression})`, async () => {
        const servers = await both()
        const payloads: string[] = []
        for (const one of servers) {
          await one.batch([['DEL', 'k'], [...command]])
          payloads.push(bulk(await one.call('DUMP', 'k')))
        }
        const isHash = command[0] === 'HSET'
        const expected = await contents(servers[0], isHash)
        for (const [i, one] of servers.entries()) {
          for (const payload of [payloads[1 - i]!, payloads[i]!]) {
            expect(await one.call('RESTORE', 'k', '0', payload, 'REPLACE')).toBe('+OK\r\n')
            expect(bulk(await one.call('OBJECT', 'ENCODING', 'k'))).toBe(encoding)
            expect(await contents(one, isHash)).toBe(expected)
          }
        }
        if (encoding !== 'hashtable' && compression === 'no') expect(payloads[1]).toBe(payloads[0])
        for (const one of servers) one.close()
      })
    }
  }

  const {both} = bothServers({
    'hash-max-listpack-entries': '4',
    'hash-max-listpack-value': '8',
    'set-max-intset-entries': '4',
  })
  it('keeps a payload as its own settings say', async () => {
    const servers = await both()
    const settings = [
      ['hash-max-listpack-entries', '1000'],
      ['hash-max-listpack-value', '1000'],
      ['set-max-intset-entries', '1000'],
    ] as const
    const commands = [
      ['SADD', 'k', '1', '2', '3', '4'],
      ['SADD', 'k', '1', '2', '3', '4', '5'],
      ['SADD', 'k', 'a'],
      ['HSET', 'k', ...pairs(numbers(4)).map((text) => text.slice(-8))],
      ['HSET', 'k', ...pairs(numbers(5)).map((text) => text.slice(-8))],
      ['HSET', 'k', 'f', 'nine byte'],
    ]
    for (const command of commands) {
      const [, node] = servers
      for (const [setting, value] of settings) await node.call('CONFIG', 'SET', setting, value)
      await node.batch([['DEL', 'k'], command])
      const payload = bulk(await node.call('DUMP', 'k'))
      for (const [setting] of settings) await node.call('CONFIG', 'SET', setting, setting.endsWith('value') ? '8' : '4')
      const encodings: string[] = []
      for (const one of servers) {
        await one.call('RESTORE', 'k', '0', payload, 'REPLACE')
        encodings.push(await one.call('OBJECT', 'ENCODING', 'k'))
      }
      expect({command, encoding: encodings[1]}).toEqual({command, encoding: encodings[0]})
    }
    for (const one of servers) one.close()
  })
})
