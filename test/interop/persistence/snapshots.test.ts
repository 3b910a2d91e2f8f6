import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import {join} from 'node:path'
import {afterEach, expect, it} from 'vitest'
import {type StartedNode, startNode} from '../../../src/embedded.js'
import {describeWithPeers, type RedisNode, startRedis} from '../../support/peers.js'
import {temporaryFolder, waitFor} from '../../support/processes.js'
import {RawConnection} from '../../support/raw-resp.js'
import {type AnyNode, startEmbedded} from '../mixed-cluster-support.js'
import {call, fill, infoOf, type Peer} from '../replication/support.js'

/** RDB files of nodes and of redis-servers, read by each other; what is saved, and when. */

const running: (StartedNode | RedisNode)[] = []
afterEach(async () => {
  for (const one of running.splice(0).reverse()) await one.stop()
})

async function node(directory: string, settings: Readonly<Record<string, string>> = {}): Promise<StartedNode> {
  const started = await startNode({directory, settings: {'enable-debug-command': 'yes', ...settings}})
  running.push(started)
  return started
}

async function redis(folder: string): Promise<RedisNode> {
  const started = await startRedis({folder})
  running.push(started)
  return started
}

async function digestOf(peer: Peer): Promise<unknown> {
  return [await call(peer, 'DEBUG', 'DIGEST'), await call(peer, 'FUNCTION', 'LIST', 'WITHCODE')]
}

async function end(one: StartedNode | RedisNode): Promise<void> {
  running.splice(running.indexOf(one), 1)
  await one.stop()
}

describeWithPeers('RDB files', () => {
  it('are loaded by redis-server, and its files by a node', async () => {
    const [ours, theirs, back] = [temporaryFolder('ours'), temporaryFolder('theirs'), temporaryFolder('back')]
    const first = await node(ours)
    await fill(first)
    const expected = await digestOf(first)
    expect(await call(first, 'SAVE')).toBe('OK')
    expect(readdirSync(ours).sort()).toEqual(['dump.rdb', 'node.log'])
    copyFileSync(join(ours, 'dump.rdb'), join(theirs, 'dump.rdb'))
    const second = await redis(theirs)
    expect(await digestOf(second)).toEqual(expected)
    await call(second, 'SAVE')
    copyFileSync(join(theirs, 'dump.rdb'), join(back, 'dump.rdb'))
    const third = await node(back)
    expect(await digestOf(third)).toEqual(expected)
    expect((await infoOf(third, 'persistence')).get('rdb_last_load_keys_loaded')).toBe(
      String(await call(third, 'DBSIZE')),
    )
  }, 30_000)

  it('hold the data of the moment when they were begun, whatever is written meanwhile', async () => {
    const [folder, other] = [temporaryFolder('moment'), temporaryFolder('moment-copy')]
    const one = await node(folder)
    await call(one, 'DEBUG', 'POPULATE', '100000', 'key', '50')
    await fill(one)
    const connection = await RawConnection.open(one.port)
    const expected = await digestOf(one)
    const [started] = await connection.batch([
      ['BGSAVE'],
      ...Array.from({length: 3000}, (_, i) => [i % 2 === 0 ? 'DEL' : 'UNLINK', `key:${i * 7}`]),
      ['RPUSH', 'list', 'more'],
      ['HSET', 'table', 'more', '1'],
      ['FLUSHALL'],
    ])
    expect(started).toBe('+Background saving started\r\n')
    await waitFor(async () => (await infoOf(one, 'persistence')).get('rdb_saves') === '1', {what: 'BGSAVE'})
    connection.close()
    copyFileSync(join(folder, 'dump.rdb'), join(other, 'dump.rdb'))
    expect(await digestOf(await node(other))).toEqual(expected)
  }, 30_000)

  it('are written by save points, and not while there is nothing to save', async () => {
    const folder = temporaryFolder('points')
    const one = await node(folder, {save: '1 3'})
    await call(one, 'MSET', 'a', 1, 'b', 2, 'c', 3)
    await waitFor(() => existsSync(join(folder, 'dump.rdb')), {what: 'a save point'})
    // The file has its name a moment before the node hears of it.
    await waitFor(async () => (await infoOf(one, 'persistence')).get('rdb_changes_since_last_save') === '0', {
      what: 'the changes to be counted as saved',
    })
  }, 20_000)

  it('are kept as they were when a save fails, which is said', async () => {
    const folder = temporaryFolder('failing')
    const one = await node(folder)
    await call(one, 'SET', 'a', 1)
    await call(one, 'SAVE')
    const path = join(folder, 'dump.rdb')
    const before = readFileSync(path)
    // A folder of the temporary file's name cannot be opened for writing.
    mkdirSync(join(folder, `temp-${process.pid}.rdb`))
    await expect(call(one, 'SAVE')).rejects.toThrow('ERR')
    expect((await infoOf(one, 'persistence')).get('rdb_last_bgsave_status')).toBe('err')
    expect(readFileSync(path).equals(before)).toBe(true)
  }, 20_000)

  it('stop a node from starting when they are damaged', async () => {
    const folder = temporaryFolder('damaged')
    const one = await node(folder)
    await fill(one)
    await call(one, 'SAVE')
    await end(one)
    const path = join(folder, 'dump.rdb')
    const bytes = readFileSync(path)
    bytes[Math.floor(bytes.length / 2)]! ^= 0xff
    writeFileSync(path, bytes)
    await expect(node(folder)).rejects.toThrow(/Fatal error loading the DB/)
    writeFileSync(path, bytes.subarray(0, 100))
    await expect(node(folder)).rejects.toThrow(/Fatal error loading the DB/)
    // What cannot be looked at is not missing.
    rmSync(path)
    symlinkSync('dump.rdb', path)
    await expect(node(folder)).rejects.toThrow(/Fatal error loading the DB.*ELOOP/)
  }, 20_000)

  it('are written when the node is told to end, unless it is told not to', async () => {
    const folder = temporaryFolder('shutdown')
    const start = () => startEmbedded({args: ['--save', '3600 1'], folder})
    const ask = (one: AnyNode, ...command: string[]) =>
      waitFor(async () => await one.call(...command), {what: `an answer to ${command.join(' ')}`})
    const first = await start()
    await first.call('CLUSTER', 'ADDSLOTSRANGE', 0, 16383)
    await ask(first, 'SET', 'a', '1')
    await first.stop()
    const second = await start()
    expect(await ask(second, 'GET', 'a')).toBe('1')
    await ask(second, 'SET', 'a', '2')
    await second.call('SHUTDOWN', 'NOSAVE').catch(() => undefined)
    await second.stop()
    const third = await start()
    expect(await ask(third, 'GET', 'a')).toBe('1')
    await third.stop()
  }, 40_000)
})
