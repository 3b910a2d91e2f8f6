import {execFileSync} from 'node:child_process'
import {readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {expect, it} from 'vitest'
import {decodeDump} from '../../src/lib/protocol/rdb/dump.js'
import {EVERY_VALUE, EVERY_VALUE_DATABASES} from '../support/every-value.js'
import {describeWithPeers, peerProgram, type RedisNode, startRedis} from '../support/peers.js'
import {temporaryFolder} from '../support/processes.js'
import {RawConnection} from '../support/raw-resp.js'
import {cutEvery, keysOf, readRdb, writeRdb} from '../support/rdb-file.js'

/** Files of a real redis-server are read here; files written here pass its check and are loaded by it. */

const CHUNK = 64 * 1024

function bulk(reply: string): string {
  return reply.slice(reply.indexOf('\n') + 1, -2)
}

/** A server with all there is, saved. */
async function savedServer(args: readonly string[]): Promise<{node: RedisNode; file: Buffer}> {
  const node = await startRedis({args: ['--databases', '16', ...args]})
  const connection = await RawConnection.open(node.port)
  for (const reply of await connection.batch(EVERY_VALUE)) expect(reply).not.toMatch(/^-/)
  await connection.batch(Array.from({length: 30}, () => ['GET', 'string:1']))
  expect(await connection.call('SAVE')).toBe('+OK\r\n')
  connection.close()
  return {file: readFileSync(join(node.folder, 'dump.rdb')), node}
}

/** Starts a server on a file. */
async function serverOn(file: Uint8Array, args: readonly string[] = []): Promise<RedisNode> {
  const folder = temporaryFolder('redis')
  writeFileSync(join(folder, 'dump.rdb'), file)
  const checked = execFileSync(peerProgram('redis-check-rdb'), [join(folder, 'dump.rdb')], {encoding: 'utf8'})
  expect(checked).toContain('RDB looks OK!')
  return await startRedis({args, folder})
}

const POLICIES: readonly (readonly [name: string, args: readonly string[]])[] = [
  ['without eviction', []],
  ['with LRU', ['--maxmemory-policy', 'allkeys-lru', '--maxmemory', '1gb']],
  ['with LFU', ['--maxmemory-policy', 'allkeys-lfu', '--maxmemory', '1gb']],
  ['without compression', ['--rdbcompression', 'no']],
  ['without checksum', ['--rdbchecksum', 'no']],
]

describeWithPeers('RDB files between redis-server and us', () => {
  for (const [name, args] of POLICIES) {
    it(`go both ways, ${name}`, async () => {
      const {file, node} = await savedServer(args)
      const items = readRdb(cutEvery(file, CHUNK))
      expect(items.at(-1)).toEqual({kind: 'end', checksum: args.includes('--rdbchecksum') ? 'none' : 'ok'})
      const keys = keysOf(items)
      const theirs = await RawConnection.open(node.port)
      for (const database of EVERY_VALUE_DATABASES) {
        await theirs.call('SELECT', String(database))
        const inDatabase = keys.filter((key) => key.database === database)
        expect(await theirs.call('DBSIZE')).toBe(`:${inDatabase.length}\r\n`)
        for (const {expireAtMs, frequency, idleSeconds, key, value} of inDatabase) {
          expect({key, value}).toEqual({key, value: decodeDump(bulk(await theirs.call('DUMP', key)))})
          expect(await theirs.call('PEXPIRETIME', key)).toBe(`:${expireAtMs ?? -1}\r\n`)
          expect(frequency !== undefined).toBe(name === 'with LFU')
          expect(idleSeconds !== undefined).toBe(name === 'with LRU')
        }
      }
      const options = {checksum: !args.includes('--rdbchecksum'), compress: !args.includes('--rdbcompression')}
      const written = writeRdb(items, options)
      // Not compressed, there is only one right file.
      if (!options.compress) expect(written.bytes.equals(file)).toBe(true)
      expect(Math.abs(written.bytes.length / file.length - 1)).toBeLessThan(0.02)
      expect(Math.max(...written.chunkLengths)).toBeLessThanOrEqual(CHUNK)
      await expectLoaded(written.bytes, theirs, args, keys.find(({key}) => key === 'string:1')!.frequency)
      theirs.close()
      await node.stop()
    })
  }

  async function expectLoaded(
    file: Uint8Array,
    theirs: RawConnection,
    args: readonly string[],
    frequency: number | undefined,
  ): Promise<void> {
    const loaded = await serverOn(file, args)
    const again = await RawConnection.open(loaded.port)
    const questions = [
      ['DEBUG', 'DIGEST'],
      ['FUNCTION', 'LIST', 'WITHCODE'],
      ['SELECT', '0'],
      ['PEXPIRETIME', 'list:expiring'],
      ['XINFO', 'STREAM', 'stream', 'FULL', 'COUNT', '0'],
    ]
    expect((await again.batch(questions)).map(timeless)).toEqual((await theirs.batch(questions)).map(timeless))
    if (frequency !== undefined) {
      expect(frequency).toBeGreaterThan(5)
      expect(await again.call('OBJECT', 'FREQ', 'string:1')).toBe(`:${frequency}\r\n`)
    }
    again.close()
    await loaded.stop()
  }

  it('are refused by it if a byte is wrong', async () => {
    const {bytes} = writeRdb(readRdb([writeRdb([]).bytes]))
    await (await serverOn(bytes)).stop()
    const damaged = Buffer.from(bytes)
    damaged[damaged.length - 1]! ^= 1
    await expect(serverOn(damaged)).rejects.toThrow()
  })
})

/** What depends on when the question is asked, or how the tree came to be. */
function timeless(reply: string): string {
  return reply.replace(/(\$9\r\nseen-time\r\n|\$1[567]\r\nradix-tree-(?:keys|nodes)\r\n):\d+/g, '$1')
}
