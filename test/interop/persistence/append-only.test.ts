import {execFileSync} from 'node:child_process'
import {cpSync, readdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterEach, expect, it} from 'vitest'
import {type StartedNode, startNode} from '../../../src/embedded.js'
import {seededRng} from '../../../src/lib/kernel/rng.js'
import {parseManifest} from '../../../src/lib/protocol/aof/manifest.js'
import {EVERY_VALUE} from '../../support/every-value.js'
import {describeWithPeers, peerProgram, type RedisNode, startRedis} from '../../support/peers.js'
import {temporaryFolder, waitFor} from '../../support/processes.js'
import {RawConnection} from '../../support/raw-resp.js'

/** Append-only files of nodes and of redis-servers, read by each other. */

const FOLDER = 'appendonlydir'
const running: (StartedNode | RedisNode)[] = []
afterEach(async () => {
  for (const one of running.splice(0)) await one.stop()
})

type Settings = Readonly<Record<string, string>>

async function node(directory: string, settings: Settings = {}): Promise<RawConnection> {
  const started = await startNode({
    directory,
    settings: {appendonly: 'yes', 'enable-debug-command': 'yes', ...settings},
  })
  running.push(started)
  return await RawConnection.open(started.port)
}

async function redis(folder: string, settings: Settings = {}): Promise<RawConnection> {
  const more = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])
  const started = await startRedis({args: ['--appendonly', 'yes', ...more], folder})
  running.push(started)
  return await RawConnection.open(started.port)
}

/** All that runs has ended. */
async function stopAll(): Promise<void> {
  for (const one of running.splice(0)) await one.stop()
}

function copyOf(folder: string): string {
  const copy = temporaryFolder('copy')
  cpSync(join(folder, FOLDER), join(copy, FOLDER), {recursive: true})
  return copy
}

function expectValid(folder: string): void {
  const manifest = join(folder, FOLDER, 'appendonly.aof.manifest')
  const said = execFileSync(peerProgram('redis-check-aof'), [manifest], {encoding: 'utf8'})
  expect(said).toContain('All AOF files and manifest are valid')
}

function manifestOf(folder: string): string {
  return readFileSync(join(folder, FOLDER, 'appendonly.aof.manifest'), 'latin1')
}

/** What was written since the last rewrite. */
function lastPart(folder: string): string {
  const {name} = parseManifest(manifestOf(folder)).incremental.at(-1)!
  return readFileSync(join(folder, FOLDER, name), 'latin1')
}

async function rewritten(connection: RawConnection): Promise<void> {
  expect(await connection.call('BGREWRITEAOF')).toBe('+Background append only file rewriting started\r\n')
  await quiet(connection)
}

async function quiet(connection: RawConnection): Promise<void> {
  await waitFor(
    async () => {
      const info = await connection.call('INFO', 'persistence')
      return /aof_rewrite_in_progress:0/.test(info) && /aof_rewrite_scheduled:0/.test(info)
    },
    {what: 'the rewrite'},
  )
}

const QUESTIONS = [
  ['DEBUG', 'DIGEST'],
  ['FUNCTION', 'LIST', 'WITHCODE'],
  ['PEXPIRETIME', 'list:expiring'],
  ['XINFO', 'GROUPS', 'stream'],
]
const dataOf = (connection: RawConnection): Promise<string[]> => connection.batch(QUESTIONS)

/** Changes after the values, of which the same bytes are to be in the file. */
const CHANGES: readonly (readonly string[])[] = [
  ['SET', 'text', 'one', 'PXAT', '4102444800000'],
  ['GETEX', 'text', 'PERSIST'],
  ['APPEND', 'text', '\0\r\n\xff'],
  ['PEXPIREAT', 'text', '4102444800001'],
  ['SELECT', '3'],
  ['MULTI'],
  ['INCRBYFLOAT', 'number', '1.5'],
  ['LPUSH', 'of three', 'a', 'b'],
  ['GET', 'number'],
  ['EXEC'],
  ['PUBLISH', 'channel', 'is not kept'],
  ['EVAL', "redis.call('SET', KEYS[1], '1') redis.call('INCR', KEYS[1]) return 1", '1', 'by a script'],
  ['EVAL', "redis.set_repl(redis.REPL_AOF) redis.call('SET', 'kept', '1') return 1", '0'],
  ['EVAL', "redis.set_repl(redis.REPL_REPLICA) redis.call('SET', 'not kept', '1') return 1", '0'],
  ['SELECT', '0'],
  ['SADD', 'one member', 'm'],
  ['SPOP', 'one member'],
  ['XADD', 'by id', '5-1', 'f', 'v'],
  ['DEL', 'not there'],
  ['SWAPDB', '0', '3'],
  ['COPY', 'of three', 'of one', 'DB', '1'],
]

/** Those that are in the file with all they do. */
const KEPT = CHANGES.filter((argv) => !argv.join(' ').includes('not kept'))

describeWithPeers('the append-only file', () => {
  it('has what redis-server writes, byte for byte', async () => {
    const [ours, theirs] = [temporaryFolder('ours'), temporaryFolder('theirs')]
    const both = [await node(ours), await redis(theirs)]
    for (const connection of both) await connection.batch(CHANGES)
    await stopAll()
    expect(lastPart(ours)).toBe(lastPart(theirs))
    expect(manifestOf(ours)).toBe(manifestOf(theirs))
    expect(readdirSync(join(ours, FOLDER)).sort()).toEqual(readdirSync(join(theirs, FOLDER)).sort())
  })

  it.each(['yes', 'no'])('goes from one to the other and back (RDB base: %s)', async (preamble) => {
    const settings = {'aof-timestamp-enabled': 'yes', 'aof-use-rdb-preamble': preamble}
    const first = temporaryFolder('first')
    const theirs = await redis(first, settings)
    for (const reply of await theirs.batch(EVERY_VALUE)) expect(reply).not.toMatch(/^-/)
    await quiet(theirs)
    await rewritten(theirs)
    await theirs.batch(KEPT.slice(0, -2))
    const expected = await dataOf(theirs)
    await stopAll()

    const second = copyOf(first)
    const ours = await node(second, settings)
    expect(await dataOf(ours)).toEqual(expected)
    await rewritten(ours)
    expect(manifestOf(second)).toContain(preamble === 'yes' ? '.base.rdb' : '.base.aof')
    await ours.batch([['SELECT', '2'], ...KEPT.slice(5)])
    expect(lastPart(second)).toMatch(/^#TS:\d+\r\n\*2\r\n\$6\r\nSELECT\r\n\$1\r\n2\r\n/)
    const changed = await dataOf(ours)
    await ours.call('DEBUG', 'LOADAOF')
    expect(await dataOf(ours)).toEqual(changed)
    await stopAll()
    expectValid(second)

    const again = await redis(copyOf(second), settings)
    expect(await dataOf(again)).toEqual(changed)
    expect(await dataOf(await node(second, settings))).toEqual(changed)
  })

  const seed = Date.now() % 100_000
  it(`is rewritten while everything changes (seed ${seed})`, async () => {
    const folder = temporaryFolder('changing')
    const one = await node(folder, {'auto-aof-rewrite-percentage': '10', 'auto-aof-rewrite-min-size': '100kb'})
    for (const reply of await one.batch(EVERY_VALUE)) expect(reply).not.toMatch(/^-/)
    const rng = seededRng(seed)
    const key = (kind: string): string => `${kind}:${rng.below(3000)}`
    const commands: (() => string[])[] = [
      () => ['SET', key('text'), rng.hex(100)],
      () => ['SET', key('short'), '1', 'PX', String(1 + rng.below(50))],
      () => ['DEL', key('text'), key('list'), key('hash')],
      () => ['RPUSH', key('list'), rng.hex(20), rng.hex(500)],
      () => ['LPOP', key('list')],
      () => ['HSET', key('hash'), rng.hex(1), rng.hex(30)],
      () => ['ZADD', key('zset'), String(rng.below(100)), rng.hex(2)],
      () => ['SPOP', key('set')],
      () => ['SADD', key('set'), rng.hex(2)],
      () => ['RENAME', key('text'), key('text')],
      () => ['SELECT', String(rng.below(3))],
      () => ['SWAPDB', '1', '2'],
      () => ['APPEND', 'grows', rng.hex(50)],
      () => ['EVAL', "redis.call('INCR', 'a') return redis.call('INCR', 'b')", '0'],
    ]
    const other = await RawConnection.open(running[0]!.port)
    await other.call('SELECT', '5')
    const same = Array.from({length: 20}, (_, i) => ['APPEND', `of another:${i}`, 'x'])
    let digest = ''
    for (let phase = 0; phase < 5; phase++) {
      await quiet(one)
      // What is asked for in the middle of a turn begins with what has gathered until then.
      for (let round = 0; round < 8; round++) {
        const batch = Array.from({length: 150}, () => rng.pick(commands)())
        if (round === 3) batch.splice(rng.below(150), 0, ['BGREWRITEAOF'])
        if (round === 6 && phase === 3) batch.push(['FLUSHDB'])
        await Promise.all([one.batch(batch), other.batch([...same, ...same])])
      }
      await quiet(one)
      // What has run out is gone, so that nothing changes any more.
      for (const database of ['0', '1', '2']) {
        await one.call('SELECT', database)
        await waitFor(
          async () => {
            const [short, all, size] = await one.batch([['KEYS', 'short:*'], ['KEYS', '*'], ['DBSIZE']])
            return short === '*0\r\n' && all!.startsWith(`*${size!.slice(1)}`)
          },
          {what: 'the deadlines'},
        )
      }
      digest = await one.call('DEBUG', 'DIGEST')
      await one.call('DEBUG', 'LOADAOF')
      expect(await one.call('DEBUG', 'DIGEST'), `after rewrite ${phase}`).toBe(digest)
    }
    await stopAll()
    expectValid(folder)
    expect(await (await redis(copyOf(folder))).call('DEBUG', 'DIGEST')).toBe(digest)
    expect(await (await node(folder)).call('DEBUG', 'DIGEST')).toBe(digest)
  })

  it('answers BGREWRITEAOF and BGSAVE as redis-server does', async () => {
    const both = [await node(temporaryFolder('ours')), await redis(temporaryFolder('theirs'))]
    const answers: string[][] = []
    for (const connection of both) {
      await connection.batch(Array.from({length: 5000}, (_, i) => ['SET', `key:${i}`, 'x'.repeat(200)]))
      const found = await connection.batch([
        ['CONFIG', 'SET', 'rdb-key-save-delay', '100'],
        ['BGREWRITEAOF'],
        ['BGREWRITEAOF'],
        ['BGSAVE'],
        ['BGSAVE', 'SCHEDULE'],
      ])
      await connection.call('CONFIG', 'SET', 'rdb-key-save-delay', '0')
      await quiet(connection)
      await waitFor(
        async () => {
          const info = await connection.call('INFO', 'persistence')
          return /rdb_saves:1\r/.test(info) && /rdb_bgsave_in_progress:0/.test(info)
        },
        {what: 'BGSAVE'},
      )
      found.push(...(await connection.batch([['BGSAVE'], ['BGREWRITEAOF']])))
      await quiet(connection)
      found.push(...(await connection.batch([['MULTI'], ['BGREWRITEAOF'], ['EXEC']])))
      await quiet(connection)
      found.push(...(await connection.batch([['CONFIG', 'SET', 'appendonly', 'no'], ['BGREWRITEAOF']])))
      await quiet(connection)
      answers.push(found)
    }
    expect(answers[0]!.slice(1)).toEqual(answers[1]!.slice(1))
    expect(answers[0]!.slice(1)).toContain('+Background append only file rewriting scheduled\r\n')
  })
})
