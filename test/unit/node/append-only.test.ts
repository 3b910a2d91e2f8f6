import type * as fs from 'node:fs'
import {existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterEach, expect, it, vi} from 'vitest'
import {type StartedNode, startNode} from '../../../src/embedded.js'
import {temporaryFolder, waitFor} from '../../support/processes.js'
import {encodeRequest, RawConnection} from '../../support/raw-resp.js'

const disk = await vi.hoisted(async () => new (await import('../../support/held-disk.js')).HeldDisk(false))
/** Bytes that the next writes take before the disk is full; undefined: it is not. */
const space = vi.hoisted(() => ({room: undefined as number | undefined}))

vi.mock('node:fs', async (original) => {
  const real = await original<typeof fs>()
  return {
    ...disk.over(real),
    writeSync: (fd: number, bytes: Uint8Array | string, offset?: number, ...rest: number[]) => {
      if (space.room === undefined || typeof bytes === 'string')
        return real.writeSync(fd, bytes as never, offset, ...rest)
      if (space.room === 0) throw Object.assign(new Error('ENOSPC: no space left on device, write'), {code: 'ENOSPC'})
      const length = Math.min(space.room, bytes.length - (offset ?? 0))
      space.room -= length
      return real.writeSync(fd, bytes, offset ?? 0, length)
    },
  }
})

const running: StartedNode[] = []
afterEach(async () => {
  disk.letGo()
  space.room = undefined
  for (const node of running.splice(0)) await node.stop()
})

async function start(directory: string, settings: Readonly<Record<string, string>> = {}): Promise<StartedNode> {
  const given = {appendonly: 'yes', 'enable-debug-command': 'yes', ...settings}
  const node = await startNode({directory, settings: given})
  running.push(node)
  return node
}

async function restart(node: StartedNode, directory: string, settings = {}): Promise<StartedNode> {
  running.splice(running.indexOf(node), 1)
  await node.stop()
  return await start(directory, settings)
}

/** What was on its way has arrived. */
async function turns(): Promise<void> {
  for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve))
}

function answer(): void {
  for (const one of disk.asked.splice(0)) one()
}

async function infoOf(connection: RawConnection, field: string): Promise<string | undefined> {
  return new RegExp(`${field}:(.*)\r`).exec(await connection.call('INFO', 'persistence'))?.[1]
}

const folderOf = (directory: string): string => join(directory, 'appendonlydir')
const textOf = (directory: string, name: string): string => readFileSync(join(folderOf(directory), name), 'latin1')
const logOf = (directory: string): string => readFileSync(join(directory, 'node.log'), 'utf8')

it('always: nobody is answered before the disk has what was written, all of one turn at once', async () => {
  const node = await start(temporaryFolder(), {appendfsync: 'always'})
  const [one, two, reader] = await Promise.all([1, 2, 3].map(() => RawConnection.open(node.port)))
  await reader!.call('PING')
  disk.isHeld = true
  one!.post(['SET', 'a', '1'])
  await waitFor(() => disk.asked.length === 1, {what: 'a question to the disk'})
  // These come while the disk is at it: they wait for its next answer, whatever they are.
  two!.post(['SET', 'b', '2'])
  reader!.post(['GET', 'b'])
  one!.post(['GET', 'a'])
  await turns()
  expect([one, two, reader].map((each) => each!.arrived())).toEqual([[], [], []])
  answer()
  await waitFor(() => disk.asked.length === 1, {what: 'the next question'})
  await turns()
  expect([one, two, reader].map((each) => each!.arrived())).toEqual([['+OK\r\n'], [], []])
  answer()
  await turns()
  expect([one, two, reader].map((each) => each!.arrived())).toEqual([['$1\r\n1\r\n'], ['+OK\r\n'], ['$1\r\n2\r\n']])
  // Nothing was written: nothing has to be waited for.
  expect(await reader!.call('GET', 'a')).toBe('$1\r\n1\r\n')
  expect(disk.asked).toEqual([])
})

it('always: a client that leaves is answered first, and a long pipeline comes through', async () => {
  const node = await start(temporaryFolder(), {appendfsync: 'always'})
  const connection = await RawConnection.open(node.port)
  const value = 'x'.repeat(50_000)
  const many = Array.from({length: 60}, () => encodeRequest(['GET', 'a']))
  connection.send([encodeRequest(['SET', 'a', value]), ...many, encodeRequest(['QUIT'])].join(''))
  const rest = await connection.rest()
  expect(rest.length).toBe(5 + 60 * (value.length + 10) + 5)
  expect(rest.endsWith('+OK\r\n')).toBe(true)
})

it('always: the policy holds from the moment that it is set', async () => {
  const node = await start(temporaryFolder())
  const connection = await RawConnection.open(node.port)
  disk.isHeld = true
  await connection.call('CONFIG', 'SET', 'appendfsync', 'always')
  connection.post(['SET', 'a', '1'])
  await waitFor(() => disk.asked.length === 1, {what: 'a question to the disk'})
  await turns()
  expect(connection.arrived()).toEqual([])
  answer()
  expect(await connection.replies(1)).toEqual(['+OK\r\n'])
})

it('always: a node that cannot write ends without answering', async () => {
  const directory = temporaryFolder()
  const node = await start(directory, {appendfsync: 'always'})
  const connection = await RawConnection.open(node.port)
  await connection.call('SET', 'a', '1')
  space.room = 3
  connection.post(['SET', 'a', '2'])
  expect(await connection.rest()).toBe('')
  space.room = undefined
  expect(logOf(directory)).toContain("Can't recover from AOF write error when the AOF fsync policy is 'always'")
  const again = await restart(node, directory)
  expect(await (await RawConnection.open(again.port)).call('GET', 'a')).toBe('$1\r\n1\r\n')
})

it('everysec: writes are refused while the disk is full, nothing that was acknowledged is lost', async () => {
  const directory = temporaryFolder()
  const node = await start(directory)
  const connection = await RawConnection.open(node.port)
  await connection.call('SET', 'a', '1')
  space.room = 7
  await connection.call('SET', 'a', '2')
  const refusal = '-MISCONF Errors writing to the AOF file: No space left on device\r\n'
  const asked = [['SET', 'a', '3'], ['PING'], ['GET', 'a'], ['MULTI'], ['SET', 'a', '4'], ['EXEC']]
  expect(await connection.batch(asked)).toEqual([
    refusal,
    refusal,
    '$1\r\n2\r\n',
    '+OK\r\n',
    refusal,
    '-EXECABORT Transaction discarded because of previous errors.\r\n',
  ])
  expect(await connection.call('EVAL', "return redis.call('SET', 'a', '5')", '0')).toContain('-MISCONF Errors writing')
  expect(await infoOf(connection, 'aof_last_write_status')).toBe('err')
  const file = 'appendonly.aof.1.incr.aof'
  expect(textOf(directory, file)).toMatch(/\r\n1\r\n$/)
  space.room = undefined
  await waitFor(async () => (await connection.call('PING')) === '+PONG\r\n', {what: 'room on the disk'})
  expect(await infoOf(connection, 'aof_last_write_status')).toBe('ok')
  expect(textOf(directory, file).endsWith('$1\r\n1\r\n*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n2\r\n')).toBe(true)
})

it('everysec: a write waits for the disk for two seconds, no longer', async () => {
  const directory = temporaryFolder()
  const node = await start(directory)
  const connection = await RawConnection.open(node.port)
  disk.isHeld = true
  await waitFor(
    async () => {
      await connection.call('SET', 'a', '1')
      return disk.asked.length > 0
    },
    {what: 'a question to the disk'},
  )
  expect(await infoOf(connection, 'aof_pending_bio_fsync')).toBe('1')
  await connection.call('SET', 'late', '1')
  expect(textOf(directory, 'appendonly.aof.1.incr.aof')).not.toContain('late')
  await waitFor(() => textOf(directory, 'appendonly.aof.1.incr.aof').includes('late'), {what: 'the write'})
  expect(await infoOf(connection, 'aof_delayed_fsync')).toBe('1')
})

const SELECT = '*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n'
const SET = '*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n'

/** A node's folder with these files in the place of its own. */
function folderWith(files: Readonly<Record<string, string>>): string {
  const directory = temporaryFolder()
  mkdirSync(folderOf(directory))
  const manifest = Object.keys(files).map((name, i) => `file ${name} seq ${i + 1} type i\n`)
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folderOf(directory), name), text, 'latin1')
  writeFileSync(join(folderOf(directory), 'appendonly.aof.manifest'), manifest.join(''))
  return directory
}

it.each([
  ['in a command', `${SELECT}${SET}*3\r\n$3\r\nSE`],
  ['in a transaction', `${SELECT}${SET}*1\r\n$5\r\nMULTI\r\n${SET.replace(/1\r\n$/, '2\r\n')}`],
])('loads a file that ends %s up to there, and cuts it', async (_where, text) => {
  const directory = folderWith({'appendonly.aof.1.incr.aof': text})
  const node = await start(directory)
  const connection = await RawConnection.open(node.port)
  expect(await connection.batch([['GET', 'a'], ['DBSIZE']])).toEqual(['$1\r\n1\r\n', ':1\r\n'])
  expect(textOf(directory, 'appendonly.aof.1.incr.aof')).toBe(SELECT + SET)
  await connection.call('SET', 'b', '2')
  const again = await restart(node, directory)
  expect(await (await RawConnection.open(again.port)).call('DBSIZE')).toBe(':2\r\n')
})

const ADVICE = 'make a backup of your AOF file, then use ./redis-check-aof --fix <filename.manifest>'

it.each([
  [{'one.aof': `${SELECT}nonsense`}, {}, ['one.aof', ADVICE, 'no command at 23']],
  [
    {'one.aof': `${SELECT}*3\r\n$3\r\nSE`, 'two.aof': SELECT},
    {},
    ['one.aof', ADVICE, 'offset 23', 'not the last file'],
  ],
  [
    {'one.aof': `${SELECT}*3\r\n$3\r\nSE`},
    {'aof-load-truncated': 'no'},
    ['end of file', 'one.aof', 'aof-load-truncated'],
  ],
  [{'one.aof': `${SELECT}*1\r\n$4\r\nNOPE\r\n`}, {}, ["Unknown command 'NOPE'", 'one.aof']],
  [{'one.aof': `REDIS0011${SELECT}`}, {}, ['RDB preamble', 'one.aof']],
])('refuses what it cannot load: %o', async (files, settings, words) => {
  const directory = folderWith(files)
  await expect(start(directory, settings)).rejects.toThrow(/Fatal error loading the DB/)
  for (const word of words) expect(logOf(directory)).toContain(word)
  for (const [name, text] of Object.entries(files)) expect(textOf(directory, name)).toBe(text)
})

it('refuses to start when a file is missing', async () => {
  const directory = folderWith({'one.aof': SELECT})
  rmSync(join(folderOf(directory), 'one.aof'))
  await expect(start(directory)).rejects.toThrow(/The AOF file one.aof that the manifest names doesn't exist/)
})

it('tells who comes while it loads that it is loading', async () => {
  const directory = folderWith({'one.aof': SELECT + SET.repeat(300_000)})
  const probe = await start(temporaryFolder())
  const {port} = probe
  running.splice(running.indexOf(probe), 1)
  await probe.stop()
  const starting = startNode({directory, port, settings: {appendonly: 'yes'}})
  const connection = await waitFor(() => RawConnection.open(port), {what: 'a connection'})
  expect(await connection.batch([['GET', 'a'], ['PING'], ['PSYNC', '?', '-1']])).toEqual(
    Array.from({length: 3}, () => '-LOADING Redis is loading the dataset in memory\r\n'),
  )
  expect(await infoOf(connection, 'loading')).toBe('1')
  running.push(await starting)
  expect(await connection.call('GET', 'a')).toBe('$1\r\n1\r\n')
})

it('takes over the single file of older versions, also when it was interrupted in that', async () => {
  for (const isInterrupted of [false, true]) {
    const directory = temporaryFolder()
    writeFileSync(join(directory, 'appendonly.aof'), SELECT + SET)
    if (isInterrupted) {
      mkdirSync(folderOf(directory))
      writeFileSync(join(folderOf(directory), 'appendonly.aof.manifest'), 'file appendonly.aof seq 1 type b\n')
    }
    const node = await start(directory)
    expect(await (await RawConnection.open(node.port)).call('GET', 'a')).toBe('$1\r\n1\r\n')
    expect(existsSync(join(directory, 'appendonly.aof'))).toBe(false)
    expect(textOf(directory, 'appendonly.aof.manifest')).toBe(
      'file appendonly.aof seq 1 type b\nfile appendonly.aof.1.incr.aof seq 1 type i\n',
    )
  }
})

it('goes on with the file that it has when a rewrite cannot begin the next one', async () => {
  const directory = temporaryFolder()
  const node = await start(directory)
  const connection = await RawConnection.open(node.port)
  const inTheWay = join(folderOf(directory), 'appendonly.aof.2.incr.aof')
  mkdirSync(inTheWay)
  expect(await connection.call('BGREWRITEAOF')).toMatch(/^\+/)
  await connection.call('SET', 'a', '1')
  await waitFor(async () => (await infoOf(connection, 'aof_last_bgrewrite_status')) === 'err', {what: 'the rewrite'})
  expect(await infoOf(connection, 'aof_rewrites_consecutive_failures')).toBe('1')
  await connection.call('SET', 'b', '2')
  rmSync(inTheWay, {recursive: true})
  const again = await restart(node, directory)
  expect(await (await RawConnection.open(again.port)).call('DBSIZE')).toBe(':2\r\n')
})

it('is turned on and off at run time, and a base that fails is tried again', async () => {
  const directory = temporaryFolder()
  const node = await start(directory, {appendonly: 'no'})
  const connection = await RawConnection.open(node.port)
  await connection.call('SET', 'before', '1')
  writeFileSync(folderOf(directory), '')
  expect(await connection.call('CONFIG', 'SET', 'appendonly', 'yes')).toBe(
    "-ERR CONFIG SET failed (possibly related to argument 'appendonly') - Unable to turn on AOF. Check server logs.\r\n",
  )
  rmSync(folderOf(directory))
  mkdirSync(join(folderOf(directory), 'temp-appendonly.aof.incr'), {recursive: true})
  await connection.call('CONFIG', 'SET', 'appendonly', 'yes')
  await connection.call('SET', 'meanwhile', '1')
  await waitFor(async () => (await infoOf(connection, 'aof_last_bgrewrite_status')) === 'err', {what: 'a failure'})
  rmSync(join(folderOf(directory), 'temp-appendonly.aof.incr'), {recursive: true})
  await waitFor(async () => (await infoOf(connection, 'aof_last_bgrewrite_status')) === 'ok', {what: 'the next one'})
  await connection.call('SET', 'after', '1')
  expect(readdirSync(folderOf(directory)).sort()).toEqual([
    'appendonly.aof.1.base.rdb',
    'appendonly.aof.1.incr.aof',
    'appendonly.aof.manifest',
  ])
  await connection.call('CONFIG', 'SET', 'appendonly', 'no')
  await connection.call('SET', 'off', '1')
  expect(await infoOf(connection, 'aof_enabled')).toBe('0')
  const again = await restart(node, directory)
  expect(await (await RawConnection.open(again.port)).batch([['DBSIZE'], ['GET', 'off']])).toEqual([
    ':3\r\n',
    '$-1\r\n',
  ])
})

async function rewritten(connection: RawConnection): Promise<void> {
  await waitFor(async () => (await infoOf(connection, 'aof_rewrite_in_progress')) === '0', {what: 'the rewrite'})
}

it('says anew in the next file which database it is in', async () => {
  const node = await start(temporaryFolder())
  const connection = await RawConnection.open(node.port)
  await connection.batch([['SELECT', '2'], ['INCR', 'a'], ['BGREWRITEAOF']])
  await rewritten(connection)
  await connection.batch([
    ['INCR', 'a'],
    ['DEBUG', 'LOADAOF'],
  ])
  expect(await connection.batch([['GET', 'a'], ['SELECT', '0'], ['DBSIZE']])).toEqual([
    '$1\r\n2\r\n',
    '+OK\r\n',
    ':0\r\n',
  ])
})

it('begins the next file behind what is in the base, also if that has not been written yet', async () => {
  const node = await start(temporaryFolder())
  const connection = await RawConnection.open(node.port)
  disk.isHeld = true
  await waitFor(
    async () => {
      await connection.call('SET', 'a', '0')
      return disk.asked.length > 0
    },
    {what: 'a question to the disk'},
  )
  await connection.batch([['INCR', 'a'], ['BGREWRITEAOF'], ['INCR', 'a']])
  await turns()
  disk.isHeld = false
  answer()
  await connection.call('INCR', 'a')
  await rewritten(connection)
  expect(
    await connection.batch([
      ['GET', 'a'],
      ['DEBUG', 'LOADAOF'],
      ['GET', 'a'],
    ]),
  ).toEqual(['$1\r\n3\r\n', '+OK\r\n', '$1\r\n3\r\n'])
})

it('does not begin a base in the middle of a script', async () => {
  const node = await start(temporaryFolder(), {'busy-reply-threshold': '10'})
  const connection = await RawConnection.open(node.port)
  const waits = 'local n = 0 repeat n = n + 1 until n > 20000000'
  // Asked for by a transaction it begins a moment later, when the script has been paused.
  const replies = await connection.batch([
    ['SET', 'a', '1'],
    ['MULTI'],
    ['BGREWRITEAOF'],
    ['EXEC'],
    ['EVAL', `redis.call('INCR', 'a') ${waits} return redis.call('INCR', 'a')`, '0'],
  ])
  expect(replies.at(-1)).toBe(':3\r\n')
  await waitFor(async () => (await infoOf(connection, 'aof_rewrites')) === '1', {what: 'the rewrite to begin'})
  await rewritten(connection)
  await connection.call('DEBUG', 'LOADAOF')
  expect(await connection.call('GET', 'a')).toBe('$1\r\n3\r\n')
})

it('begins anew with what a replica got from its primary', async () => {
  const [primaryFolder, folder] = [temporaryFolder(), temporaryFolder()]
  const [primary, replica] = [await start(primaryFolder), await start(folder)]
  const [theirs, its] = [await RawConnection.open(primary.port), await RawConnection.open(replica.port)]
  await its.call('SET', 'of the replica', '1')
  await theirs.call('SET', 'of the primary', '1')
  await its.call('REPLICAOF', '127.0.0.1', `${primary.port}`)
  await waitFor(async () => (await its.call('GET', 'of the primary')) === '$1\r\n1\r\n', {what: 'the link'})
  await theirs.batch([['MULTI'], ['INCR', 'a'], ['SET', 'b', '2', 'EX', '1000'], ['EXEC']])
  await waitFor(async () => (await its.call('GET', 'b')) === '$1\r\n2\r\n', {what: 'the stream'})
  await rewritten(its)
  const digest = await theirs.call('DEBUG', 'DIGEST')
  const again = await restart(replica, folder)
  expect(await (await RawConnection.open(again.port)).call('DEBUG', 'DIGEST')).toBe(digest)
})
