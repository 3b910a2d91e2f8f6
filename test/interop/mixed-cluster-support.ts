import {execFile} from 'node:child_process'
import {join} from 'node:path'
import {promisify} from 'node:util'
import {packageFolder} from '../support/cli.js'
import {callRedis, peerProgram, startRedis} from '../support/peers.js'
import {claimPorts} from '../support/ports.js'
import {endProcess, isAlive, spawnTracked, temporaryFolder, waitFor} from '../support/processes.js'

/** Nodes of both kinds as processes, so that either can be killed. */

const run = promisify(execFile)
const NODE_TIMEOUT_MS = 2000

export interface AnyNode {
  readonly kind: 'real' | 'embedded'
  readonly port: number
  readonly pid: number
  readonly folder: string
  call(...command: (string | number)[]): Promise<unknown>
  /** SIGKILL. */
  kill(): Promise<void>
  /** The same node again, from its folder. */
  restart(): Promise<AnyNode>
  stop(): Promise<void>
}

export interface StartOptions {
  readonly port?: number
  readonly folder?: string
  readonly args?: readonly string[]
  /** For the first answer; embedded nodes only. Default 20 s. */
  readonly deadlineMs?: number
}

/** `bin/server.js` over the build, in cluster mode. */
export async function startEmbedded(options: StartOptions = {}): Promise<AnyNode> {
  const port = options.port ?? (await claimPorts())
  const folder = options.folder ?? temporaryFolder('embedded')
  const base = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder, '--logfile', join(folder, 'node.log')]
  const cluster = ['--cluster-enabled', 'yes', '--cluster-node-timeout', `${NODE_TIMEOUT_MS}`]
  const args = [...base, ...cluster, '--enable-debug-command', 'yes', ...(options.args ?? [])]
  const child = spawnTracked(process.execPath, [join(packageFolder(), 'bin', 'server.js'), ...args])
  const pid = child.pid as number
  await waitFor(async () => child.exitCode === null && (await callRedis(port, ['CLUSTER', 'MYID'])), {
    deadlineMs: options.deadlineMs ?? 20_000,
    what: `embedded node on port ${port} (log in ${folder})`,
  })
  return {
    kind: 'embedded',
    pid,
    port,
    folder,
    call: (...command) => callRedis(port, command),
    async kill() {
      child.kill('SIGKILL')
      await waitFor(() => !isAlive(pid), {what: `end of embedded node ${pid}`})
    },
    restart: () => startEmbedded({...options, port, folder}),
    stop: () => endProcess(child),
  }
}

export async function startReal(options: StartOptions = {}): Promise<AnyNode> {
  const node = await startRedis({cluster: true, ...options})
  const {folder, port} = node
  return {
    kind: 'real',
    pid: node.pid,
    port,
    folder,
    call: node.call,
    kill: node.kill,
    restart: () => startReal({...options, port, folder}),
    stop: node.stop,
  }
}

/** redis-cli with arguments, from any folder. @returns its output; throws if it exits other than 0 */
export async function redisCli(...args: (string | number)[]): Promise<string> {
  try {
    const {stdout} = await run(peerProgram('redis-cli'), args.map(String), {maxBuffer: 64 * 1024 * 1024})
    return stdout
  } catch (error) {
    // redis-cli tells what went wrong on stdout.
    const {stdout} = error as {stdout?: string}
    throw new Error(`redis-cli ${args.join(' ')} failed:\n${stdout}`, {cause: error})
  }
}

/** What all nodes must say alike: every node's id, address, role, primary, epoch and slots. */
export async function signatureOf(node: AnyNode): Promise<string> {
  const text = String(await node.call('CLUSTER', 'NODES'))
  return text
    .trim()
    .split('\n')
    .map((line) => {
      const [id, address, flags, primary, , , epoch, , ...slots] = line.split(' ')
      const role = flags?.replace('myself,', '')
      return [id, address, role, primary, epoch, ...slots.filter((slot) => !slot.startsWith('['))].join(' ')
    })
    .sort()
    .join('\n')
}

/** Waits until all say the same of all, and `cluster_state` is as wanted everywhere. */
export async function waitForOneView(nodes: readonly AnyNode[], state: 'ok' | 'fail' = 'ok'): Promise<string> {
  let views: string[] = []
  let states: string[] = []
  await waitFor(
    async () => {
      views = await Promise.all(nodes.map(signatureOf))
      states = await Promise.all(
        nodes.map(async (node) => /cluster_state:(\w+)/.exec(String(await node.call('CLUSTER', 'INFO')))?.[1] ?? ''),
      )
      return views.every((view) => view === views[0]) && states.every((one) => one === state)
    },
    {deadlineMs: 30_000, everyMs: 100, what: () => `one view with state ${state}:\n${states}\n${views.join('\n\n')}`},
  )
  return views[0] as string
}

/** The flags that `observer` shows for the node on `port`. */
export async function flagsOf(observer: AnyNode, port: number): Promise<string> {
  const text = String(await observer.call('CLUSTER', 'NODES'))
  return (
    text
      .split('\n')
      .find((line) => line.includes(`:${port}@`))
      ?.split(' ')[2] ?? 'unknown'
  )
}

export async function waitForFlags(observers: readonly AnyNode[], port: number, flags: RegExp): Promise<void> {
  let seen: string[] = []
  await waitFor(
    async () => {
      seen = await Promise.all(observers.map((observer) => flagsOf(observer, port)))
      return seen.every((text) => flags.test(text))
    },
    {deadlineMs: 30_000, everyMs: 50, what: () => `${flags} for ${port}: ${seen}`},
  )
}

/** Writes `count` keys through redis-cli -c, as a user would. */
export async function writeKeys(seed: AnyNode, count: number): Promise<void> {
  const node = run(peerProgram('redis-cli'), ['-c', '-p', `${seed.port}`])
  for (let index = 0; index < count; index++) node.child.stdin?.write(`SET key:${index} value:${index}\n`)
  node.child.stdin?.end()
  await node
}

/** How many of the keys answer with their value. */
export async function readKeys(seed: AnyNode, count: number): Promise<number> {
  const node = run(peerProgram('redis-cli'), ['-c', '-p', `${seed.port}`])
  for (let index = 0; index < count; index++) node.child.stdin?.write(`GET key:${index}\n`)
  node.child.stdin?.end()
  const {stdout} = await node
  const found = new Set(stdout.split('\n').filter((line) => line.startsWith('value:')))
  return found.size
}
