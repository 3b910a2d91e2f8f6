import type {ChildProcess} from 'node:child_process'
import {existsSync} from 'node:fs'
import {mkdir, readFile, rm, rmdir} from 'node:fs/promises'
import {dirname, join, resolve} from 'node:path'
import {setTimeout as delay} from 'node:timers/promises'
import {CliError} from '../../kernel/errors.js'
import {renderAddress} from '../../model/address.js'
import type {Engine, EngineKind, Execution, Layout, LogOptions, NodeRef, NodeSpec, Probe} from '../engine.js'
import type {LinkControl} from '../links.js'
import {readLog, tailOf} from '../log-file.js'
import {reasonIn} from '../log-reason.js'
import {parseNodeConfAddress} from '../node-conf.js'
import {pingOnce} from '../ping.js'
import {findProcess, listProcesses, type ProcessEntry} from '../process-table.js'
import {hasEnded, killChild, launchDetached, requireFreePorts, requireNotAborted, writeSecretFile} from './launch.js'

export interface LocalEngineOptions {
  /** Absolute; one folder per environment below it. */
  readonly folder: string
  /** Bound on start to PONG. Default 15 s. */
  readonly startTimeoutMs?: number
}

/** What tells the nodes of one engine from all other processes: `... PROGRAM FOLDER/ENVIRONMENT/NODES/NAME/node.conf`. */
export interface LocalIdentity {
  /** Matches the end of what stands before the configuration's path in the command line. */
  readonly program: RegExp
  /** Relative to an environment's folder; holds a folder per node. Another one for each engine. */
  readonly nodes: string
}

const CONF_NAME = 'node.conf'
const LOG_NAME = 'node.log'
const POLL_MS = 8
const KILL_WAIT_MS = 5000
const FREEZE_WAIT_MS = 5000

/**
 * Nodes as detached processes of this machine: a program that takes a configuration file, and that file's path as its only
 * argument:
 *
 *     PROGRAM FOLDER/ENVIRONMENT/NODES/NAME/node.conf
 *
 * The path is the node's identity in the process table: it names state folder, environment and node, and no secret. The
 * password stands in that file alone (0600). What the node prints goes to node.log beside it.
 */
export abstract class LocalEngine implements Engine {
  abstract readonly kind: EngineKind
  abstract readonly links: LinkControl
  protected readonly folder: string
  private readonly startTimeoutMs: number
  private readonly nodes: string
  private readonly identity: RegExp

  constructor({folder, startTimeoutMs = 15_000}: LocalEngineOptions, {nodes, program}: LocalIdentity) {
    this.folder = resolve(folder)
    this.startTimeoutMs = startTimeoutMs
    this.nodes = nodes
    this.identity = new RegExp(
      `${program.source} ${escapePattern(this.folder)}/([^/]+)/${nodes}/([^/]+)/${escapePattern(CONF_NAME)}$`,
    )
  }

  abstract probe(program?: string): Promise<Probe>
  abstract prepare(layout: Layout, signal: AbortSignal): Promise<ReadonlyMap<string, string>>
  /** The command line up to the configuration's path. @throws {CliError} ENVIRONMENT_LACKS */
  protected abstract commandOf(spec: NodeSpec): Promise<readonly [file: string, ...args: string[]]>
  /** What a node is first started with; later it is as CONFIG REWRITE left it. @param folder - of the node */
  protected abstract configurationOf(spec: NodeSpec, folder: string): Promise<string>

  /** Before each start, the first and later ones. @param folder - of the node */
  protected async beforeStart(_spec: NodeSpec, _folder: string): Promise<void> {}

  /** Resolves when what `prepare` began for the nodes of an environment is there; they start meanwhile. */
  protected async waitForShared(_environment: string): Promise<void> {}

  async start(spec: NodeSpec, signal: AbortSignal): Promise<NodeRef> {
    requireNotAborted(signal)
    await requireFreePorts(spec)
    const command = await this.commandOf(spec)
    const folder = this.nodeFolder(spec.environment, spec.name)
    const isNew = !existsSync(folder)
    let child: ChildProcess | undefined
    try {
      await mkdir(folder, {mode: 0o700, recursive: true})
      const conf = join(folder, CONF_NAME)
      // CONFIG REWRITE writes there too: what was set since is kept over a restart.
      if (!existsSync(conf)) await writeSecretFile(conf, await this.configurationOf(spec, folder))
      await this.beforeStart(spec, folder)
      requireNotAborted(signal)
      const [file, ...args] = command
      child = await launchDetached(file, [...args, conf], {cwd: folder, log: join(folder, LOG_NAME)})
      const pid = await this.waitUntilReady(child, spec, signal)
      await this.waitForShared(spec.environment)
      return await this.describe(pid, spec)
    } catch (error) {
      if (child) await killChild(child)
      if (isNew) await this.forget(folder)
      throw error
    }
  }

  async list(environment?: string): Promise<NodeRef[]> {
    const entries = await listProcesses((line) => this.identity.test(line))
    const pids = new Set(entries.map(({pid}) => pid))
    // A child that a server just forked to save its data still looks like the server itself.
    const own = entries.filter(({parentPid}) => !pids.has(parentPid))
    const nodes = await Promise.all(own.map((entry) => this.toRef(entry)))
    return nodes
      .filter((node) => environment === undefined || node.environment === environment)
      .sort((a, b) => compareText(a.environment, b.environment) || compareText(a.name, b.name) || a.pid - b.pid)
  }

  async has(environment: string): Promise<boolean> {
    return existsSync(join(this.folder, environment, this.nodes)) || (await this.list(environment)).length > 0
  }

  async stop(node: NodeRef, graceMs: number): Promise<void> {
    if (!(await this.signal(node, 'SIGTERM'))) {
      // Killed a moment ago, it may be ending still, and hold its ports.
      await this.waitUntilGone(node, KILL_WAIT_MS)
      return
    }
    // Frozen, it would hear of it later.
    await this.signal(node, 'SIGCONT')
    if (await this.waitUntilGone(node, graceMs)) return
    await this.signal(node, 'SIGKILL')
    if (await this.waitUntilGone(node, KILL_WAIT_MS)) return
    throw new CliError('TIMED_OUT', `node ${node.name} (process ${node.pid}) does not end, not even killed`)
  }

  async logTail(environment: string, name: string): Promise<string[]> {
    return tailOf(join(this.nodeFolder(environment, name), LOG_NAME))
  }

  logs(environment: string, name: string, options: LogOptions, signal: AbortSignal): AsyncIterable<string> {
    return readLog(join(this.nodeFolder(environment, name), LOG_NAME), options, signal)
  }

  async pause(node: NodeRef): Promise<boolean> {
    return (await this.signal(node, 'SIGSTOP')) && this.waitUntilPaused(node, true)
  }

  async unpause(node: NodeRef): Promise<boolean> {
    return (await this.signal(node, 'SIGCONT')) && this.waitUntilPaused(node, false)
  }

  execution({address, environment, name}: NodeRef, [file, ...args]: readonly [string, ...string[]]): Execution {
    const env = {
      SHOAL_ENVIRONMENT: environment,
      SHOAL_NODE: name,
      ...(address && {SHOAL_HOST: address.host, SHOAL_PORT: String(address.port)}),
    }
    return {args, cwd: this.nodeFolder(environment, name), env, file}
  }

  async discardNode(environment: string, name: string): Promise<void> {
    await rm(this.nodeFolder(environment, name), {force: true, maxRetries: 5, recursive: true})
  }

  async discard(environment: string): Promise<void> {
    // Tried again: what a killed server had forked may still write there.
    await rm(join(this.folder, environment, this.nodes), {force: true, maxRetries: 5, recursive: true})
  }

  private nodeFolder(environment: string, name: string): string {
    return join(this.folder, environment, this.nodes, name)
  }

  private async waitUntilReady(child: ChildProcess, spec: NodeSpec, signal: AbortSignal): Promise<number> {
    const deadline = performance.now() + this.startTimeoutMs
    const {address, name, password} = spec
    while (!hasEnded(child)) {
      requireNotAborted(signal)
      const pid = await pingOnce(address, password, 1000)
      // Whoever else listens there does not pass for this node.
      if (pid !== undefined && pid === child.pid) return pid
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
    const how = child.pid === undefined ? 'not startable' : (child.signalCode ?? `exit code ${child.exitCode}`)
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

  /** @returns false if it is gone */
  private async waitUntilPaused(node: NodeRef, paused: boolean): Promise<boolean> {
    const deadline = performance.now() + FREEZE_WAIT_MS
    for (;;) {
      const entry = await this.current(node)
      if (!entry) return false
      if (entry.paused === paused) return true
      if (performance.now() >= deadline) {
        throw new CliError(
          'TIMED_OUT',
          `node ${node.name} (process ${node.pid}) does not ${paused ? 'freeze' : 'go on'}`,
        )
      }
      await delay(POLL_MS)
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

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function escapePattern(text: string): string {
  return text.replace(/[$()*+.?[\\\]^{|}]/g, '\\$&')
}
