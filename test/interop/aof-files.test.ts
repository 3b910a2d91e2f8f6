import {execFileSync} from 'node:child_process'
import {mkdirSync, readdirSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {expect, it} from 'vitest'
import {filesToLoad, firstManifest, manifestName, orphansAmong} from '../../src/lib/protocol/aof/files.js'
import {AofManifestError, parseManifest, renderManifest} from '../../src/lib/protocol/aof/manifest.js'
import {damagedText, openTransactionText, repairTexts, truncatedText} from '../../src/lib/protocol/aof/messages.js'
import {AofError} from '../../src/lib/protocol/aof/reader.js'
import {commandsOf, readAof, rewriteAof} from '../support/aof-file.js'
import {EVERY_VALUE} from '../support/every-value.js'
import {describeWithPeers, peerProgram, type RedisNode, startRedis} from '../support/peers.js'
import {temporaryFolder, waitFor} from '../support/processes.js'
import {RawConnection} from '../support/raw-resp.js'
import {cutEvery, readRdb, writeRdb} from '../support/rdb-file.js'

/** Append only files of a real redis-server are read here; those written here pass its check and are loaded by it. */

const NAME = 'appendonly.aof'
const FOLDER = 'appendonlydir'
const APPENDING = ['--appendonly', 'yes']

interface Part {
  readonly name: string
  readonly bytes: Uint8Array
}

/** A server on a folder with these files. Checks them first, unless they are meant to be wrong. */
async function serverOn(parts: readonly Part[], args: readonly string[] = [], isRight = true): Promise<RedisNode> {
  const folder = temporaryFolder('redis')
  mkdirSync(join(folder, FOLDER))
  for (const {bytes, name} of parts) writeFileSync(join(folder, FOLDER, name), bytes)
  if (isRight) {
    const manifest = join(folder, FOLDER, manifestName(NAME))
    expect(execFileSync(peerProgram('redis-check-aof'), [manifest], {encoding: 'utf8'})).toContain(
      'All AOF files and manifest are valid',
    )
  }
  return await startRedis({args: [...APPENDING, ...args], folder})
}

/** The files of a node, read anew. */
function filesOf(node: RedisNode): {bytes: (name: string) => Buffer; names: string[]; text: string} {
  const folder = join(node.folder, FOLDER)
  const bytes = (name: string): Buffer => readFileSync(join(folder, name))
  return {bytes, names: readdirSync(folder), text: bytes(manifestName(NAME)).toString('latin1')}
}

async function fill(node: RedisNode): Promise<RawConnection> {
  const connection = await RawConnection.open(node.port)
  for (const reply of await connection.batch(EVERY_VALUE)) expect(reply).not.toMatch(/^-/)
  return connection
}

async function rewrite(connection: RawConnection): Promise<void> {
  await waitFor(async () => /aof_rewrite_in_progress:0/.test(await connection.call('INFO', 'persistence')), {
    what: 'quiet',
  })
  expect(await connection.call('BGREWRITEAOF')).toMatch(/^\+/)
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
  ['XINFO', 'STREAM', 'stream'],
  ['XINFO', 'GROUPS', 'stream'],
  ['XPENDING', 'stream', 'one', '-', '+', '100', 'bob'],
  ['XINFO', 'STREAM', 'stream:emptied'],
  ['XINFO', 'GROUPS', 'stream:none'],
]

/** What depends on when the question is asked, or how the tree came to be. */
function timeless(reply: string, index: number): string {
  if (index === 5) return reply.replace(/(\$3\r\nbob\r\n):\d+/g, '$1')
  return reply.replace(/(\$1[567]\r\nradix-tree-(?:keys|nodes)\r\n):\d+/g, '$1')
}

async function expectSame(theirs: RawConnection, loaded: RedisNode): Promise<void> {
  const again = await RawConnection.open(loaded.port)
  expect((await again.batch(QUESTIONS)).map(timeless)).toEqual((await theirs.batch(QUESTIONS)).map(timeless))
  again.close()
}

describeWithPeers('append only files between redis-server and us', () => {
  it('go both ways, with an RDB base', async () => {
    const node = await startRedis({args: APPENDING})
    const theirs = await fill(node)
    await rewrite(theirs)
    await theirs.batch([['MULTI'], ['SET', 'later', '1'], ['LPUSH', 'list', 'x'], ['EXEC'], ['DEL', 'set']])
    await waitFor(() => filesOf(node).text.includes('.2.incr.aof seq 2 type i'), {what: 'the manifest'})
    const {bytes, names, text} = filesOf(node)
    const manifest = parseManifest(text)
    expect(renderManifest(manifest)).toBe(text)
    expect(orphansAmong(names, manifest, NAME)).toEqual([])
    const [base, incremental] = filesToLoad(manifest).map(({name}) => name) as [string, string]
    const items = readRdb(cutEvery(bytes(base), 60_000))
    expect(items).toContainEqual({kind: 'aux', name: 'aof-base', value: '1'})
    const read = readAof(cutEvery(bytes(incremental), 7))
    expect(read.reader.end()).toBe('whole')
    expect(read.items).toEqual([
      {argv: ['SELECT', '0'], kind: 'command'},
      {
        commands: [
          ['SET', 'later', '1'],
          ['LPUSH', 'list', 'x'],
        ],
        kind: 'transaction',
      },
      {argv: ['DEL', 'set'], kind: 'command'},
    ])
    const loaded = await serverOn([
      {bytes: writeRdb(items).bytes, name: base},
      {bytes: bytes(incremental), name: incremental},
      {bytes: Buffer.from(renderManifest(manifest)), name: manifestName(NAME)},
    ])
    await expectSame(theirs, loaded)
    await Promise.all([node.stop(), loaded.stop()])
  })

  it('go both ways, with a base of commands', async () => {
    const args = ['--aof-use-rdb-preamble', 'no', '--aof-timestamp-enabled', 'yes', '--save', '']
    const node = await startRedis({args: [...APPENDING, ...args]})
    const theirs = await fill(node)
    await rewrite(theirs)
    await waitFor(() => filesOf(node).text.includes('.2.base.aof seq 2 type b'), {what: 'the manifest'})
    const {bytes, text} = filesOf(node)
    const base = bytes(parseManifest(text).base!.name)
    const read = readAof(cutEvery(base, 60_000))
    expect(read.reader.end()).toBe('whole')
    expect(read.reader.wholeBytes).toBe(base.length)
    expect(read.items[0]).toEqual({kind: 'timestamp', unixSeconds: expect.any(Number)})
    await theirs.call('SAVE')
    const ours = rewriteAof(readRdb([readFileSync(join(node.folder, 'dump.rdb'))]))
    // Hash tables and sorted sets come in different orders, all the rest in the same.
    expect(shuffled(commandsOf(readAof([ours.bytes]).items))).toEqual(shuffled(commandsOf(read.items)))
    const manifest = firstManifest(NAME, 'aof')
    const loaded = await serverOn([
      {bytes: ours.bytes, name: manifest.base!.name},
      {bytes: Buffer.alloc(0), name: manifest.incremental[0]!.name},
      {bytes: Buffer.from(renderManifest(manifest)), name: manifestName(NAME)},
    ])
    await expectSame(theirs, loaded)
    await Promise.all([node.stop(), loaded.stop()])
  })

  const SELECT = '*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n'
  const BROKEN: readonly (readonly [name: string, bytes: string])[] = [
    ['a command cut short', `${SELECT}*2\r\n$3\r\nGE`],
    ['a command cut in its head', `${SELECT}*`],
    ['an open transaction', `${SELECT}*1\r\n$5\r\nMULTI\r\n*1\r\n$4\r\nPING\r\n`],
    ['a comment before a command cut short', `${SELECT}#TS:12\r\n*1\r\n`],
    ['words', `${SELECT}words\r\n`],
    ['a command of nothing', `${SELECT}*0\r\n`],
    ['an argument of another kind', `${SELECT}*2\r\n$3\r\nGET\r\n+1\r\nk\r\n`],
    ['zeros', `${SELECT}\0\0\0\0`],
  ]
  for (const [name, bytes] of BROKEN) {
    it(`judge ${name} alike`, async () => {
      const file = `${NAME}.1.incr.aof`
      const parts = [
        {bytes: Buffer.from(bytes, 'latin1'), name: file},
        {bytes: Buffer.from(`file ${file} seq 1 type i\n`), name: manifestName(NAME)},
      ]
      const verdict = judge(bytes, file)
      for (const mayCut of [true, false]) {
        const args = ['--aof-load-truncated', mayCut ? 'yes' : 'no']
        const [log, length] = await outcome(parts, args, file)
        const expected = mayCut ? verdict.cut : verdict.kept
        for (const text of expected) expect(log).toContain(text)
        expect(length).toBe(mayCut && verdict.wholeBytes !== undefined ? verdict.wholeBytes : bytes.length)
      }
    })
  }

  /** What we would log, if the end may be cut off and if not. */
  function judge(
    bytes: string,
    file: string,
  ): {cut: readonly string[]; kept: readonly string[]; wholeBytes: number | undefined} {
    try {
      const {reader} = readAof([Buffer.from(bytes, 'latin1')])
      expect(reader.end()).not.toBe('whole')
      const open = reader.end() === 'in-transaction' ? [openTransactionText(file)] : []
      const {wholeBytes} = reader
      return {cut: [...open, ...repairTexts(file, wholeBytes)], kept: [...open, truncatedText(file)], wholeBytes}
    } catch (error) {
      expect(error).toBeInstanceOf(AofError)
      return {cut: [damagedText(file)], kept: [damagedText(file)], wholeBytes: undefined}
    }
  }

  /** What the server logged, and how long the file is then. */
  async function outcome(parts: readonly Part[], args: readonly string[], file: string): Promise<[string, number]> {
    const folder = temporaryFolder('redis')
    mkdirSync(join(folder, FOLDER))
    for (const {bytes, name} of parts) writeFileSync(join(folder, FOLDER, name), bytes)
    await startRedis({args: [...APPENDING, ...args], folder}).then(
      (node) => node.stop(),
      () => undefined,
    )
    return [readFileSync(join(folder, 'redis.log'), 'utf8'), readFileSync(join(folder, FOLDER, file)).length]
  }

  const MANIFESTS: readonly (readonly [name: string, text: string])[] = [
    ['nothing', ''],
    ['an empty line', '\n'],
    ['too few words', 'file a seq 1\n'],
    ['an odd number of words', 'file a seq 1 type b c\n'],
    ['no sequence number', 'file a seq x type b\n'],
    ['a path', 'file a/b seq 1 type b\n'],
    ['two bases', 'file a seq 1 type b\nfile b seq 2 type b\n'],
    ['a sequence that does not rise', '# comment\nfile a seq 2 type i\nfile b seq 2 type i\n'],
    ['a type nobody knows', 'file a seq 1 type q\n'],
    ['an open quote', 'file "a seq 1 type b\n'],
    ['a line without end', 'file a seq 1 type b'],
    ['a long line', `file ${'a'.repeat(1100)} seq 1 type b\n`],
  ]
  for (const [name, text] of MANIFESTS) {
    it(`refuse a manifest with ${name} in the same words`, async () => {
      const manifest = {bytes: Buffer.from(text), name: manifestName(NAME)}
      const [log] = await outcome([manifest], [], manifest.name)
      let lines: readonly string[] = []
      try {
        parseManifest(text)
      } catch (error) {
        expect(error).toBeInstanceOf(AofManifestError)
        lines = (error as AofManifestError).log
      }
      expect(lines).not.toEqual([])
      for (const line of lines) expect(log).toContain(line)
    })
  }
})

/** Commands in an order that does not depend on that of hash tables. */
function shuffled(commands: readonly (readonly string[])[]): string[] {
  return commands
    .flatMap(([name, key, ...rest]) => {
      const perItem = name === 'SADD' ? 1 : name === 'ZADD' || name === 'HMSET' ? 2 : 0
      if (perItem === 0) return [JSON.stringify([name, key, ...rest])]
      expect(rest.length).toBeLessThanOrEqual(64 * perItem)
      const items: string[] = []
      for (let i = 0; i < rest.length; i += perItem)
        items.push(JSON.stringify([name, key, ...rest.slice(i, i + perItem)]))
      return items
    })
    .sort()
}
