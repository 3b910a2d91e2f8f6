import {existsSync, readdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterEach, describe, expect, it} from 'vitest'
import {type StartedNode, startNode} from '../../../src/embedded.js'
import {temporaryFolder, waitFor} from '../../support/processes.js'
import {RawConnection} from '../../support/raw-resp.js'

const running: StartedNode[] = []
afterEach(async () => {
  for (const node of running.splice(0)) await node.stop()
})

async function start(directory: string, settings: Readonly<Record<string, string>>): Promise<StartedNode> {
  const node = await startNode({directory, settings: {'enable-debug-command': 'yes', ...settings}})
  running.push(node)
  return node
}

describe('once a node has stopped, its files are left alone', () => {
  it('by a snapshot that was under way: the one before stays', async () => {
    const directory = temporaryFolder()
    const path = join(directory, 'dump.rdb')
    const node = await start(directory, {})
    const connection = await RawConnection.open(node.port)
    await connection.call('SET', 'a', '1')
    await connection.call('SAVE')
    const before = readFileSync(path)
    await connection.call('DEBUG', 'POPULATE', '200000')
    await connection.call('BGSAVE')
    // Another one is to follow it.
    await connection.call('BGSAVE', 'SCHEDULE')
    await waitFor(() => existsSync(join(directory, `temp-${process.pid}.rdb`)), {everyMs: 1, what: 'the snapshot'})
    await node.stop()
    expect(readdirSync(directory).sort()).toEqual(['dump.rdb', 'node.log'])
    expect(readFileSync(path).equals(before)).toBe(true)
    expect(readFileSync(join(directory, 'node.log'), 'utf8')).toContain(
      'Error saving DB on disk: the node is being stopped',
    )
  })

  it('by a rewrite that waits for the end of a script', async () => {
    const directory = temporaryFolder()
    const settings = {appendonly: 'yes', 'busy-reply-threshold': '10'}
    const node = await start(directory, settings)
    const connection = await RawConnection.open(node.port)
    for (const argv of [['SET', 'a', '1'], ['MULTI'], ['BGREWRITEAOF'], ['EXEC']]) connection.post(argv)
    connection.post(['EVAL', `redis.call('INCR', 'a') while true do end`, '0'])
    const other = await RawConnection.open(node.port)
    await waitFor(async () => (await other.call('PING')).startsWith('-BUSY'), {what: 'the script'})
    const hasBegun = () => readFileSync(join(directory, 'node.log'), 'utf8').includes('rewriting started')
    await waitFor(hasBegun, {what: 'the rewrite to begin'})
    const files = () => readdirSync(join(directory, 'appendonlydir')).sort()
    const before = files()
    await node.stop()
    expect(files()).toEqual(before)
    const again = await start(directory, settings)
    const reader = await RawConnection.open(again.port)
    expect(await reader.call('GET', 'a')).toBe('$1\r\n1\r\n')
  })

  it('by a save of nodes.conf that was under way', async () => {
    const directory = temporaryFolder()
    const node = await start(directory, {'cluster-enabled': 'yes'})
    const other = await start(temporaryFolder(), {'cluster-enabled': 'yes'})
    const connection = await RawConnection.open(node.port)
    await connection.call('CLUSTER', 'MEET', '127.0.0.1', String(other.port))
    const temporary = join(directory, `nodes.conf.tmp-${process.pid}-soon`)
    await waitFor(() => existsSync(temporary), {everyMs: 0, what: 'the save'})
    await node.stop()
    expect(readdirSync(directory).sort()).toEqual(['node.log', 'nodes.conf'])
  })
})
