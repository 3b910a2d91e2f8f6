import {type ChildProcess, spawn} from 'node:child_process'
import {existsSync} from 'node:fs'
import {chmod, mkdir, open, readFile, rename, rm, rmdir, writeFile} from 'node:fs/promises'
import {dirname, join, resolve} from 'node:path'
import {setTimeout as delay} from 'node:timers/promises'
import {CliError} from '../kernel/errors.js'
import {renderAddress} from '../model/address.js'
import {EmbeddedLinks} from './embedded-links.js'
import type {Engine, Execution, LogOptions, NodeRef, NodeSpec, Probe} from './engine.js'
import type {LinkControl} from './links.js'
import {readLog, tailOf} from './log-file.js'
import {reasonIn} from './log-reason.js'
import {parseNodeConfAddress, renderNodeConf} from './node-conf.js'
import {packageFile} from './package-root.js'
import {pingOnce} from './ping.js'
import {takenPorts} from './ports.js'
import {findProcess, listProcesses, type ProcessEntry} from './process-table.js'

/**
 * Nodes as detached processes of Shoal's own server:
 *
 *     node .../bin/server.js FOLDER/ENVIRONMENT/nodes/NAME/node.conf
 *
 * The configuration's path is the node's identity in the process table: it names state folder, environment and node, and
 * no secret. The password stands in that file alone (0600). What the node prints goes to node.log beside it.
 */
export interface EmbeddedEngineOptions {
  /** Absolute; one folder per environment below it. */
  readonly folder: string
  /** Another program that takes a configuration file, for tests. Its name must end in `server.js`. */
  readonly serverEntry?: string
  /** Bound on start to PONG. Default 15 s. */
  readonly startTimeoutMs?: number
}

const CONF_NAME = 'node.conf'
const LOG_NAME = 'node.log'
/** The nodes make faults between them themselves. */
const MAKES_FAULTS = ['enable-fault-command', 'local'] as const
const POLL_MS = 8
const KILL_WAIT_MS = 5000
/** Secrets and debugging of the CLI's own process are not the node's business. */
const NOT_INHERITED = ['SHOAL_PASSWORD', 'REDISCLI_AUTH', 'NODE_OPTIONS', 'NODE_CHANNEL_FD']

export class EmbeddedEngine implements Engine {
  readonly kind = 'embedded'
  readonly links: LinkControl = new EmbeddedLinks((environment) => this.list(environment))
  private readonly folder: string
  private readonly serverEntry: string
  private readonly startTimeoutMs: number
  private readonly identity: RegExp

  constructor({folder, serverEntry = packageFile('bin', 'server.js'), startTimeoutMs = 15_000}: EmbeddedEngineOptions) {
    this.folder = resolve(folder)
    this.serverEntry = serverEntry
    this.startTimeoutMs = startTimeoutMs
    const escaped = `${this.folder}/`.replace(/[$()*+.?[\\\]^{|}]/g, '\\$&')
    this.identity = new RegExp(`server\\.js ${escaped}([^/]+)/nodes/([^/]+)/${CONF_NAME.replace('.', '\\.')}$`)
  }

  async probe(): Promise<Probe> {
    if (process.platform === 'win32') {
      return {available: false, reason: 'embedded nodes of an environment need a Unix process table'}
    }
    if (!existsSync(this.serverEntry)) return {available: false, reason: `${this.serverEntry} is missing`}
    return {available: true}
  }

  /** Nodes have one address for all, and nothing in common. */
  async prepare(): Promise<ReadonlyMap<string, string>> {
    return new Map()
  }

  async start(spec: NodeSpec, signal: AbortSignal): Promise<NodeRef> {
    requireNotAborted(signal)
    await requireFreePorts(spec)
    const folder = this.nodeFolder(spec.environment, spec.name)
    const isNew = !existsSync(folder)
    let child: ChildProcess | undefined
    try {
      await mkdir(folder, {mode: 0o700, recursive: true})
      const conf = join(folder, CONF_NAME)
      // CONFIG REWRITE writes there too: what was set since is kept over a restart.
      if (!existsSync(conf))
        await writeSecretFile(
          conf,
          renderNodeConf({...spec, settings: [MAKES_FAULTS, ...(spec.settings ?? [])]}, folder),
        )
      requireNotAborted(signal)
      child = await this.launch(folder)
      const pid = await this.waitUntilReady(child, spec, signal)
      return await this.describe(pid, spec)
    } catch (error) {
      if (child) await killChild(child)
      if (isNew) await this.forget(folder)
      throw error
    }
  }

  async list(environment?: string): Promise<NodeRef[]> {
    const entries = await listProcesses((line) => this.identity.test(line))
    const nodes = await Promise.all(entries.map((entry) => this.toRef(entry)))
    return nodes
      .filter((node) => environment === undefined || node.environment === environment)
      .sort((a, b) => compareText(a.environment, b.environment) || compareText(a.name, b.name) || a.pid - b.pid)
  }

  async has(environment: string): Promise<boolean> {
    return existsSync(join(this.folder, environment, 'nodes')) || (await this.list(environment)).length > 0
  }

  async stop(node: NodeRef, graceMs: number): Promise<void> {
    if (!(await this.signal(node, 'SIGTERM'))) return
    // Frozen, it would hear of it later.
    await this.signal(node, 'SIGCONT')
    if (await this.waitUntilGone(node, graceMs)) return
    if (!(await this.signal(node, 'SIGKILL'))) return
    if (await this.waitUntilGone(node, KILL_WAIT_MS)) return
    throw new CliError('TIMED_OUT', `node ${node.name} (process ${node.pid}) does not end, not even killed`)
  }

  async logTail(environment: string, name: string): Promise<string[]> {
    return tailOf(join(this.nodeFolder(environment, name), LOG_NAME))
  }

  logs(environment: string, name: string, options: LogOptions, signal: AbortSignal): AsyncIterable<string> {
    return readLog(join(this.nodeFolder(environment, name), LOG_NAME), options, signal)
  }

  pause(node: NodeRef): Promise<boolean> {
    return this.signal(node, 'SIGSTOP')
  }

  unpause(node: NodeRef): Promise<boolean> {
    return this.signal(node, 'SIGCONT')
  }

  execution({address, environment, name}: NodeRef, [file, ...args]: readonly [string, ...string[]]): Execution {
    const env = {
      SHOAL_ENVIRONMENT: environment,
      SHOAL_NODE: name,
      ...(address && {SHOAL_HOST: address.host, SHOAL_PORT: String(address.port)}),
    }
    return {args, cwd: this.nodeFolder(environment, name), env, file}
  }

  async discard(environment: string): Promise<void> {
    await rm(join(this.folder, environment, 'nodes'), {force: true, recursive: true})
  }

  private nodeFolder(environment: string, name: string): string {
    return join(this.folder, environment, 'nodes', name)
  }

  private async launch(folder: string): Promise<ChildProcess> {
    const log = await open(join(folder, LOG_NAME), 'a', 0o600)
    try {
      const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !NOT_INHERITED.includes(name)))
      const child = spawn(process.execPath, [this.serverEntry, join(folder, CONF_NAME)], {
        cwd: folder,
        // Its own session: it survives the CLI, and the terminal's Ctrl-C is not for it.
        detached: true,
        env,
        stdio: ['ignore', log.fd, log.fd],
      })
      child.on('error', () => undefined)
      child.unref()
      return child
    } finally {
      await log.close()
    }
  }

  private async waitUntilReady(child: ChildProcess, spec: NodeSpec, signal: AbortSignal): Promise<number> {
    const deadline = performance.now() + this.startTimeoutMs
    const {address, name, password} = spec
    while (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      requireNotAborted(signal)
      // Whoever else listens there does not pass for this node.
      if ((await pingOnce(address, password, 1000)) === child.pid) return child.pid
      if (performance.now() > deadline) {
        throw new CliError('TIMED_OUT', `node ${name} did not answer on ${renderAddress(address)} in time`, {
          details: {log: await this.logTail(spec.environment, name), node: name, timeoutMs: this.startTimeoutMs},
        })
      }
      await delay(POLL_MS)
    }
    requireNotAborted(signal)
    await requireFreePorts(spec)
    const log = await this.logTail(spec.environment, name)
    const how = child.signalCode ?? `exit code ${child.exitCode ?? 'unknown'}`
    throw new CliError('NODE_START_FAILED', `node ${name} ended while starting (${how}): ${reasonIn(log)}`, {
      details: {log, node: name},
    })
  }

  private async describe(pid: number, spec: NodeSpec): Promise<NodeRef> {
    const entry = await findProcess(pid, (line) => this.identity.test(line))
    if (entry) return this.toRef(entry)
    throw new CliError('NODE_START_FAILED', `node ${spec.name} ended right after its start`, {
      details: {log: await this.logTail(spec.environment, spec.name), node: spec.name},
    })
  }

  private async toRef({commandLine, memoryBytes, paused, pid, startToken, uptimeMs}: ProcessEntry): Promise<NodeRef> {
    const [, environment = '', name = ''] = this.identity.exec(commandLine) ?? []
    const conf = await readFile(join(this.nodeFolder(environment, name), CONF_NAME), 'utf8').catch(() => '')
    const address = parseNodeConfAddress(conf)
    return {environment, memoryBytes, name, paused, pid, startToken, uptimeMs, ...(address ? {address} : {})}
  }

  /** The process the ref was made from, if it still runs: same pid, same start, still a node of ours. */
  private async current(node: NodeRef): Promise<ProcessEntry | undefined> {
    const entry = await findProcess(node.pid, (line) => this.identity.test(line))
    return entry?.startToken === node.startToken ? entry : undefined
  }

  async signal(node: NodeRef, name: NodeJS.Signals): Promise<boolean> {
    if (!(await this.current(node))) return false
    try {
      process.kill(node.pid, name)
      return true
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
      throw error
    }
  }

  private async waitUntilGone(node: NodeRef, withinMs: number): Promise<boolean> {
    const deadline = performance.now() + withinMs
    for (;;) {
      // By pid and start alone: an ending process has lost its command line before it gives up its ports.
      if ((await findProcess(node.pid))?.startToken !== node.startToken) return true
      if (performance.now() >= deadline) return false
      await delay(POLL_MS)
    }
  }

  /** Removes a node's folder, and the folders above it that only this start made. */
  private async forget(folder: string): Promise<void> {
    await rm(folder, {force: true, recursive: true})
    for (let parent = dirname(folder); parent.startsWith(`${this.folder}/`); parent = dirname(parent)) {
      const removed = await rmdir(parent).then(
        () => true,
        () => false,
      )
      if (!removed) return
    }
  }
}

function requireNotAborted(signal: AbortSignal): void {
  if (signal.aborted) throw new CliError('INTERRUPTED', 'interrupted')
}

async function requireFreePorts({address, busPort, name}: NodeSpec): Promise<void> {
  const [port] = await takenPorts(address.host, [address.port, busPort])
  if (port === undefined) return
  const role = port === busPort ? 'bus port' : 'port'
  throw new CliError('PORT_IN_USE', `${role} ${port} of node ${name} is taken by another process`, {
    details: {node: name, port},
    suggestions: ['Choose other ports with --base-port PORT.'],
  })
}

/** Written aside and renamed, so that no reader sees half of it and nobody else ever sees the secret. */
async function writeSecretFile(path: string, text: string): Promise<void> {
  const draft = `${path}.${process.pid}.tmp`
  await writeFile(draft, text, {mode: 0o600})
  await chmod(draft, 0o600)
  await rename(draft, path)
}

async function killChild(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise<void>((fulfil) => child.once('exit', () => fulfil()))
  child.ref()
  child.kill('SIGKILL')
  await gone
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
