import type {ChildProcess} from 'node:child_process'
import {existsSync, readFileSync, writeFileSync} from 'node:fs'
import {createServer} from 'node:net'
import {join} from 'node:path'
import {describe, expect, it} from 'vitest'
import {endProcess, spawnTracked, temporaryFolder, waitFor} from '../../support/processes.js'
import {RawConnection} from '../../support/raw-resp.js'

const ENTRY = join(import.meta.dirname, 'run-main.ts')

interface Run {
  readonly child: ChildProcess
  readonly output: () => string
  readonly exit: Promise<number | null>
}

function run(...args: readonly string[]): Run {
  const child = spawnTracked(process.execPath, ['--import', 'tsx', ENTRY, ...args], {stdio: ['ignore', 'pipe', 'pipe']})
  let output = ''
  const take = (chunk: Buffer): void => {
    output += chunk.toString()
  }
  child.stdout!.on('data', take)
  child.stderr!.on('data', take)
  const exit = new Promise<number | null>((resolve) => child.once('exit', resolve))
  return {child, exit, output: () => output}
}

/** A port nobody listens on now. */
function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const {port} = server.address() as {port: number}
      server.close(() => resolve(port))
    })
  })
}

async function isReady({output}: Run): Promise<void> {
  await waitFor(() => output().includes('Ready to accept connections'), {deadlineMs: 20_000, what: () => output()})
}

describe('shoal-server', {timeout: 40_000}, () => {
  it('reads its file, serves, and leaves cleanly on SIGTERM', async () => {
    const folder = temporaryFolder('main')
    const port = await freePort()
    const conf = join(folder, 'node.conf')
    writeFileSync(conf, `port ${await freePort()}\nbind 127.0.0.1\ndir ${folder}\npidfile node.pid\nmaxclients 33\n`)
    const node = run(conf, '--port', String(port), '--requirepass', 'secret')
    await isReady(node)
    expect(readFileSync(join(folder, 'node.pid'), 'utf8')).toBe(`${node.child.pid}\n`)
    const connection = await RawConnection.open(port)
    expect(await connection.call('AUTH', 'secret')).toBe('+OK\r\n')
    expect(await connection.call('CONFIG', 'GET', 'maxclients')).toContain('33')
    node.child.kill('SIGTERM')
    expect(await node.exit).toBe(0)
    expect(existsSync(join(folder, 'node.pid'))).toBe(false)
    expect(node.output()).toMatch(
      /^\d+:M \d\d \w{3} \d{4} \d\d:\d\d:\d\d\.\d{3} # Redis is now ready to exit, bye bye/m,
    )
  })

  it('says so and exits 1 when its port is taken', async () => {
    const server = createServer()
    const port = await new Promise<number>((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve((server.address() as {port: number}).port))
    })
    const node = run('--port', String(port), '--bind', '127.0.0.1', '--dir', temporaryFolder('main'))
    expect(await node.exit).toBe(1)
    expect(node.output()).toContain(`Failed listening on port ${port} (TCP), aborting.`)
    server.close()
  })

  it('names a wrong setting and exits 1', async () => {
    const node = run('--port', 'many')
    expect(await node.exit).toBe(1)
    expect(node.output()).toContain("argument couldn't be parsed into an integer")
  })

  it('ends on SHUTDOWN, and on SIGINT', async () => {
    for (const end of ['SHUTDOWN', 'SIGINT'] as const) {
      const port = await freePort()
      const node = run('--port', String(port), '--bind', '127.0.0.1', '--dir', temporaryFolder('main'))
      await isReady(node)
      if (end === 'SIGINT') node.child.kill('SIGINT')
      else (await RawConnection.open(port)).send('SHUTDOWN NOSAVE\r\n')
      expect(await node.exit).toBe(0)
      await endProcess(node.child)
    }
  })
})
