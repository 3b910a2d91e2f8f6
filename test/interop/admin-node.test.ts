import {readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterEach, describe, expect, it} from 'vitest'
import {pathInDir, readConfiguration} from '../../src/lib/node/config-file.js'
import {NodeLog} from '../../src/lib/node/log.js'
import {Node} from '../../src/lib/node/start-node.js'
import {parseServerArguments} from '../../src/lib/server/config/syntax.js'
import {callRedis} from '../support/peers.js'
import {claimPorts} from '../support/ports.js'
import {temporaryFolder, waitFor} from '../support/processes.js'
import {RawPeer} from './admin-peer.js'

/** Administration over real sockets and files. */
const running = new Set<Node>()

async function start(file: string, ...args: string[]): Promise<Node> {
  const config = readConfiguration(parseServerArguments([file, ...args]))
  const log = new NodeLog({file: pathInDir(config, config.values.logfile), level: config.values.loglevel, pid: 1})
  const node = new Node(config, log)
  running.add(node)
  await node.start()
  return node
}

afterEach(async () => {
  for (const node of running) await node.stop()
  running.clear()
})

async function prepare(text = ''): Promise<{file: string; folder: string; port: number}> {
  const port = await claimPorts()
  const folder = temporaryFolder('admin-node')
  const file = join(folder, 'node.conf')
  writeFileSync(file, `# mine\nport ${port}\ndir ${folder}\nlogfile node.log\nenable-debug-command local\n${text}`)
  return {file, folder, port}
}

describe('an embedded node', () => {
  it('keeps rewritten settings over a restart, and its own comments', async () => {
    const {file, folder, port} = await prepare()
    const first = await start(file)
    expect(await callRedis(port, ['CONFIG', 'SET', 'timeout', '77', 'maxmemory', '10mb', 'loglevel', 'verbose'])).toBe(
      'OK',
    )
    expect(await callRedis(port, ['CONFIG', 'REWRITE'])).toBe('OK')
    expect(readFileSync(file, 'latin1')).toMatch(/^# mine\nport \d+\n/)
    await first.stop()
    await start(file, '--maxmemory', '20mb')
    expect(await callRedis(port, ['CONFIG', 'GET', 'timeout', 'maxmemory', 'dir'])).toEqual(
      expect.arrayContaining(['timeout', '77', 'maxmemory', '20971520', 'dir', folder]),
    )
    expect(readFileSync(join(folder, 'node.log'), 'latin1')).toMatch(/^1:M \d\d \w{3} \d{4} [\d:.]{12} . .*Accepted/m)
  })

  it('closes the connections CLIENT KILL names', async () => {
    const {file, port} = await prepare()
    await start(file)
    const victim = await RawPeer.connect(port)
    const killer = await RawPeer.connect(port)
    const id = await victim.call(['CLIENT', 'ID'])
    expect(await killer.call(['CLIENT', 'KILL', 'ID', String(id)])).toBe(1)
    await waitFor(async () => !String(await killer.call(['CLIENT', 'LIST'])).includes(`id=${id} `), {
      what: `connection ${id} to be gone`,
    })
    await waitFor(() => victim.isClosed, {what: 'the end of the killed connection'})
    killer.close()
  })

  it('stops on SHUTDOWN without an answer', async () => {
    const {file, folder, port} = await prepare()
    const node = await start(file)
    const peer = await RawPeer.connect(port)
    const stopped = node.stopped
    peer.send(['SHUTDOWN', 'NOSAVE'])
    await stopped
    await waitFor(() => peer.isClosed, {what: 'the end of the connection'})
    expect(readFileSync(join(folder, 'node.log'), 'latin1')).toContain('User requested shutdown...')
  })

  it('stands still for DEBUG SLEEP', async () => {
    const {file, port} = await prepare()
    await start(file)
    const before = performance.now()
    expect(await callRedis(port, ['DEBUG', 'SLEEP', '0.2'])).toBe('OK')
    expect(performance.now() - before).toBeGreaterThanOrEqual(200)
  })
})
