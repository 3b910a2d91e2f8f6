import {expect, it} from 'vitest'
import {seededRng} from '../../../src/lib/kernel/rng.js'
import {crc64} from '../../../src/lib/protocol/crc64.js'
import {decodeDump} from '../../../src/lib/protocol/rdb/dump.js'
import type {RdbStream} from '../../../src/lib/protocol/rdb/stream.js'
import {encodeNode} from '../../../src/lib/protocol/rdb/stream-node.js'
import {encodeLength, encodeString} from '../../../src/lib/protocol/rdb/string.js'
import {idBytes, type StreamId} from '../../../src/lib/protocol/stream-id.js'
import {describeWithPeers} from '../../support/peers.js'
import type {RawConnection} from '../../support/raw-resp.js'
import {bothServers} from './harness.js'
import {makeStreamCommand, normalStreamReply} from './stream-commands.js'

/** DUMP of streams: the same bytes, and each server reads what the other wrote. */

const KEYS = ['k0', 'k1', 'k2', 'k3']

function bulkOf(reply: string): string | undefined {
  return reply.startsWith('$-1') ? undefined : reply.slice(reply.indexOf('\r\n') + 2, -2)
}

/** Small nodes, so that there are several. */
const SETTINGS = {'stream-node-max-bytes': '500', 'stream-node-max-entries': '12'}

async function fill(seed: number, connections: readonly RawConnection[]): Promise<void> {
  const rng = seededRng(seed)
  const commands = Array.from({length: 800}, () => makeStreamCommand(rng))
  for (const one of connections) {
    await one.batch([['FLUSHALL'], ...commands])
    await one.call('DISCARD')
  }
}

/** As redis-server before 7.0 wrote it. */
function oldPayload(stream: RdbStream): string {
  const id = ({ms, seq}: StreamId): string => `\x81${idBytes({ms, seq}).slice(0, 8)}\x81${idBytes({ms, seq}).slice(8)}`
  let text = `\x0f${encodeLength(stream.nodes.length)}`
  for (const node of stream.nodes) text += encodeString(idBytes(node), true) + encodeString(encodeNode(node), true)
  text += encodeLength(stream.length) + id(stream.lastId) + encodeLength(stream.groups.length)
  for (const {lastId, name} of stream.groups) {
    text += encodeString(name, true) + id(lastId) + encodeLength(0) + encodeLength(0)
  }
  text += '\x0a\0'
  return text + crc64(text)
}

describeWithPeers('dumps of streams beside redis-server', () => {
  const {both} = bothServers(SETTINGS)

  it('are the same bytes, and are read alike', async () => {
    const [theirs, ours] = await both()
    let compared = 0
    for (let seed = 1; seed <= 12; seed++) {
      await fill(seed, [theirs, ours])
      // Compressed there are many right answers.
      const isCompressed = seed % 2 === 0
      for (const one of [theirs, ours]) await one.call('CONFIG', 'SET', 'rdbcompression', isCompressed ? 'yes' : 'no')
      for (const key of KEYS) {
        if ((await ours.call('TYPE', key)) !== '+stream\r\n') continue
        const payloads = [bulkOf(await theirs.call('DUMP', key))!, bulkOf(await ours.call('DUMP', key))!]
        await swap(theirs, ours, key, payloads)
        for (const group of ['g', 'h', 'none']) {
          for (const one of [theirs, ours]) await one.call('XGROUP', 'DESTROY', key, group)
        }
        const [expected, actual] = [await theirs.call('DUMP', key), await ours.call('DUMP', key)]
        expect(isCompressed || actual === expected, `seed ${seed} ${key}`).toBe(true)
        compared++
      }
    }
    expect(compared).toBeGreaterThan(20)
    theirs.close()
    ours.close()
  })

  /** Each reads what the other wrote: then all there is to see agrees. */
  async function swap(theirs: RawConnection, ours: RawConnection, key: string, payloads: string[]): Promise<void> {
    const restored = [await theirs.call('RESTORE', 'r', '0', payloads[1]!, 'REPLACE')]
    restored.push(await ours.call('RESTORE', 'r', '0', payloads[0]!, 'REPLACE'))
    expect(restored).toEqual(['+OK\r\n', '+OK\r\n'])
    const question = ['XINFO', 'STREAM', 'r', 'FULL', 'COUNT', '0']
    const [expected, actual] = [await theirs.call(...question), await ours.call(...question)]
    expect(normalStreamReply(question, actual), key).toBe(normalStreamReply(question, expected))
    expect(await ours.call('DEBUG', 'DIGEST-VALUE', 'r')).toBe(await theirs.call('DEBUG', 'DIGEST-VALUE', 'r'))
  }

  it('of older servers are read alike', async () => {
    const [theirs, ours] = await both()
    for (let seed = 20; seed <= 26; seed++) {
      await fill(seed, [theirs, ours])
      for (const key of KEYS) {
        if ((await ours.call('TYPE', key)) !== '+stream\r\n') continue
        const payload = oldPayload(decodeDump(bulkOf(await ours.call('DUMP', key))!) as RdbStream)
        const replies: string[][] = []
        for (const one of [theirs, ours]) {
          const shown = [await one.call('RESTORE', 'old', '0', payload, 'REPLACE')]
          shown.push(await one.call('XINFO', 'STREAM', 'old'), await one.call('XINFO', 'GROUPS', 'old'))
          replies.push(shown)
        }
        expect(replies[1]).toEqual(replies[0])
      }
    }
    theirs.close()
    ours.close()
  })
})
