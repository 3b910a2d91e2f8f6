import {copyFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterEach, describe, expect, it} from 'vitest'
import {type StartedNode, startNode} from '../../../src/embedded.js'
import {describeWithPeers, type RedisNode, startRedis} from '../../support/peers.js'
import {temporaryFolder} from '../../support/processes.js'
import {RawConnection} from '../../support/raw-resp.js'
import {bulk, contentsOf, ENCODINGS, type EncodedKey, encodingIn, everyEncoding} from './every-encoding.js'
import {follow, untilInSync} from './support.js'

/** All types in all encodings, by every way from a node to a redis-server and back: the same digest, the same encodings. */

type Kind = 'node' | 'redis-server'

interface Started {
  readonly port: number
  readonly folder: string
  readonly connection: RawConnection
}

const running: (StartedNode | RedisNode | {stop(): void})[] = []
afterEach(async () => {
  for (const one of running.splice(0).reverse()) await one.stop()
})

async function start(kind: Kind, folder = temporaryFolder('digest')): Promise<Started> {
  const settings = {'enable-debug-command': 'yes', 'repl-diskless-sync-delay': '0', save: ''}
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])
  const server = kind === 'node' ? await startNode({directory: folder, settings}) : await startRedis({args, folder})
  const connection = await RawConnection.open(server.port)
  running.push(server, {stop: () => connection.close()})
  return {connection, folder, port: server.port}
}

async function fillWith({connection}: Started, keys: readonly EncodedKey[]): Promise<void> {
  for (const {commands, database, key} of keys) {
    const named = commands.map((command) => command.map((word) => (word === 'key' ? key : word)))
    const replies = await connection.batch([['SELECT', String(database)], ...named])
    expect(replies.filter((reply) => reply.startsWith('-'))).toEqual([])
  }
  await connection.call('SELECT', '0')
}

async function expectEncodings({connection}: Started, keys: readonly EncodedKey[]): Promise<void> {
  const found: string[] = []
  for (const {database, key} of keys) {
    await connection.call('SELECT', String(database))
    found.push(await encodingIn(connection, key))
  }
  await connection.call('SELECT', '0')
  const named = (encodings: readonly string[]): string[] =>
    keys.map(({key}, i) => `${key.slice(0, 30)}: ${encodings[i]}`)
  expect(named(found)).toEqual(named(keys.map(({encoding}) => encoding)))
}

/** By DUMP and RESTORE, key by key. */
async function restoreAll(from: Started, to: Started, keys: readonly EncodedKey[]): Promise<void> {
  for (const {database, key} of keys) {
    await from.connection.call('SELECT', String(database))
    await to.connection.call('SELECT', String(database))
    const [payload, deadline] = await from.connection.batch([
      ['DUMP', key],
      ['PEXPIRETIME', key],
    ])
    const ms = Math.max(0, Number(deadline!.slice(1)))
    expect(await to.connection.call('RESTORE', key, String(ms), bulk(payload!), 'ABSTTL')).toBe('+OK\r\n')
  }
}

/** Each brings the data of a filled server to another one. @returns that one */
const WAYS: Readonly<Record<string, (from: Started, kind: Kind, keys: readonly EncodedKey[]) => Promise<Started>>> = {
  'DUMP and RESTORE': async (from, kind, keys) => {
    const to = await start(kind)
    await restoreAll(from, to, keys)
    return to
  },
  'a full synchronization': async (from, kind) => {
    const to = await start(kind)
    await follow(to, from)
    await untilInSync(from, to)
    return to
  },
  'an RDB file': async (from, kind) => {
    expect(await from.connection.call('SAVE')).toBe('+OK\r\n')
    const folder = temporaryFolder('digest')
    copyFileSync(join(from.folder, 'dump.rdb'), join(folder, 'dump.rdb'))
    return await start(kind, folder)
  },
}

const PAIRS: readonly (readonly [Kind, Kind])[] = [
  ['node', 'redis-server'],
  ['redis-server', 'node'],
  ['node', 'node'],
]

async function keysByReal(): Promise<readonly EncodedKey[]> {
  return await everyEncoding((await start('redis-server')).connection)
}

describeWithPeers('data of every encoding', () => {
  it('is what the list of this test says', async () => {
    const keys = await keysByReal()
    expect(new Set(keys.map(({encoding}) => encoding))).toEqual(new Set(ENCODINGS))
    for (const kind of ['redis-server', 'node'] as const) {
      const server = await start(kind)
      await fillWith(server, keys)
      await expectEncodings(server, keys)
    }
  }, 20_000)

  describe.each(PAIRS)('of a %s in a %s', (one, other) => {
    it.each(Object.keys(WAYS))(
      'by %s',
      async (way) => {
        const keys = await keysByReal()
        const from = await start(one)
        await fillWith(from, keys)
        const expected = await contentsOf(from.connection, keys)
        const to = await WAYS[way]!(from, other, keys)
        await expectEncodings(to, keys)
        expect(await contentsOf(to.connection, keys)).toEqual(expected)
      },
      20_000,
    )

    it('by the stream of changes', async () => {
      const keys = await keysByReal()
      const [from, to] = [await start(one), await start(other)]
      await follow(to, from)
      await untilInSync(from, to)
      await fillWith(from, keys)
      await untilInSync(from, to)
      await expectEncodings(to, keys)
      expect(await contentsOf(to.connection, keys)).toEqual(await contentsOf(from.connection, keys))
    }, 20_000)
  })
})
