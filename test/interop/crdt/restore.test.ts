import {afterAll, beforeAll, expect, it} from 'vitest'
import {type StartedCrdb, startCrdb} from '../../../src/embedded.js'
import {connectWire, type Wire} from '../../../src/lib/client/migration/wire.js'
import {describeWithPeers, type RedisNode, startRedis} from '../../support/peers.js'
import {everyKind, keysOf, sendAll} from '../import-support.js'

/** Answers do not depend on the order that a server keeps. */
const READS: Readonly<Record<string, (key: string) => [string, ...string[]]>> = {
  hash: (key) => ['HGETALL', key],
  list: (key) => ['LRANGE', key, '0', '-1'],
  set: (key) => ['SMEMBERS', key],
  stream: (key) => ['XRANGE', key, '-', '+'],
  string: (key) => ['GET', key],
  zset: (key) => ['ZRANGE', key, '0', '-1', 'WITHSCORES'],
}

function ordered(type: string, reply: unknown): unknown {
  const texts = reply as string[]
  if (type === 'set') return [...texts].sort()
  if (type !== 'hash') return reply
  return texts.flatMap((text, i) => (i % 2 === 0 ? [`${text}=${texts[i + 1]}`] : [])).sort()
}

describeWithPeers('payloads of redis-server in an active-active database', () => {
  const DEADLINE_MS = Date.now() + 3_600_000
  let source: RedisNode
  let db: StartedCrdb
  const wires: Wire[] = []

  beforeAll(async () => {
    ;[source, db] = await Promise.all([startRedis(), startCrdb({regions: 3})])
    for (const id of [1, 2, 3]) {
      const {hostname, port} = new URL(db.region(id).url)
      wires.push(await connectWire({host: hostname, port: Number(port)}, {timeoutMs: 20_000}))
    }
    await sendAll(source.port, everyKind(DEADLINE_MS))
  })

  afterAll(async () => {
    for (const wire of wires) wire.close()
    await Promise.all([source?.stop(), db?.stop()])
  })

  /** In a region; latin1. */
  const ask = async (id: number, ...words: string[]) => (await wires[id - 1]!.send([words]))[0]

  /** What a key is, and when it goes. */
  async function seen(send: (...words: string[]) => Promise<unknown>, key: string): Promise<unknown> {
    const type = String(await send('TYPE', key))
    // The count that a sketch has noted is none of its registers.
    const read = key === 'hll' ? ['PFCOUNT', key] : READS[type]!(key)
    return [type, ordered(type, await send(...read)), await send('PEXPIRETIME', key)]
  }

  it('are in all regions what they are at the source, whichever region takes them, cut off or not', async () => {
    const keys = await keysOf(source.port)
    expect(keys.length).toBeGreaterThan(15)
    for (const [index, key] of keys.entries()) {
      if (index === 5) await db.partition([[1], [2, 3]])
      const [payload, deadline] = (await sendAll(source.port, [
        ['DUMP', key],
        ['PEXPIRETIME', key],
      ])) as [string, number]
      const ttl = deadline < 0 ? ['0'] : [String(deadline)]
      expect(await ask(1 + (index % 3), 'RESTORE', key, ttl[0]!, payload, 'ABSTTL')).toBe('OK')
    }
    await db.heal()
    await db.settle()
    expect(await db.verify()).toMatchObject({differences: [], equal: true})
    const atSource = async (...words: string[]) => (await sendAll(source.port, [words as [string]]))[0]
    for (const key of keys) {
      const there = await seen(atSource, key)
      for (const id of [1, 2, 3]) {
        expect(await seen((...words) => ask(id, ...words), key), `${JSON.stringify(key)} in region ${id}`).toEqual(
          there,
        )
      }
    }
    for (const id of [1, 2, 3]) expect(await ask(id, 'XINFO', 'GROUPS', 'stream:empty')).toHaveLength(1)
  })
})
