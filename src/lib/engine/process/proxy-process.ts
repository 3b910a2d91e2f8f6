import {mkdir, rm} from 'node:fs/promises'
import {dirname, join} from 'node:path'
import {setTimeout as delay} from 'node:timers/promises'
import {CliError} from '../../kernel/errors.js'
import {hasEnded, killChild, launchDetached, requireNotAborted} from '../local/launch.js'
import {packageFile} from '../package-root.js'
import {findProcess, listProcesses, type ProcessEntry} from '../process-table.js'
import {type ControlAnswer, type ControlRequest, callControl} from './control.js'
import type {ProxiedNode} from './link-proxy.js'

const ENTRY = 'link-proxy-main.js'
const START_TIMEOUT_MS = 10_000
const CALL_TIMEOUT_MS = 5000
const END_WAIT_MS = 5000
const POLL_MS = 8

/**
 * The link proxies of this machine's environments: a detached process each, known in the process table by its folder, its
 * only argument.
 *
 *     node .../link-proxy-main.js FOLDER/ENVIRONMENT/process/links
 */
export class ProxyProcesses {
  /** What this run does last to the proxy of an environment; one thing after another. */
  private readonly turns = new Map<string, Promise<void>>()

  /** @param folder - absolute; one folder per environment below it */
  constructor(private readonly folder: string) {}

  async isRunning(environment: string): Promise<boolean> {
    return (await this.find(environment)).length > 0
  }

  /**
   * Resolves when the environment's proxy stands between these nodes. One that runs goes on, with its rules and connections.
   *
   * @throws {CliError} UNREACHABLE, NODE_START_FAILED or INTERRUPTED
   */
  ensure(environment: string, nodes: readonly ProxiedNode[], signal: AbortSignal): Promise<void> {
    return this.inTurn(environment, async () => {
      if (!(await this.isAnswering(environment))) await this.start(environment, signal)
      await this.call(environment, {command: 'nodes', nodes})
    })
  }

  /** Resolves when what this run last began is done. @throws {CliError} what that did */
  async settled(environment: string): Promise<void> {
    await this.turns.get(environment)
  }

  /** @throws {CliError} UNREACHABLE */
  call(environment: string, request: ControlRequest): Promise<ControlAnswer> {
    return callControl(this.linksFolder(environment), request, CALL_TIMEOUT_MS)
  }

  /** Ends it and removes what it keeps. None is fine. */
  end(environment: string): Promise<void> {
    return this.inTurn(environment, () => this.endNow(environment))
  }

  private inTurn(environment: string, act: () => Promise<void>): Promise<void> {
    const before = this.turns.get(environment) ?? Promise.resolve()
    const turn = before.catch(() => undefined).then(act)
    this.turns.set(environment, turn)
    return turn
  }

  private async endNow(environment: string): Promise<void> {
    for (const entry of await this.find(environment)) await endProcess(entry)
    await rm(this.linksFolder(environment), {force: true, recursive: true})
  }

  private linksFolder(environment: string): string {
    return join(this.folder, environment, 'process', 'links')
  }

  private find(environment: string): Promise<ProcessEntry[]> {
    const ending = `${ENTRY} ${this.linksFolder(environment)}`
    return listProcesses((line) => line.endsWith(ending))
  }

  private async isAnswering(environment: string): Promise<boolean> {
    if (!(await this.isRunning(environment))) return false
    return this.call(environment, {command: 'list'}).then(
      () => true,
      () => false,
    )
  }

  private async start(environment: string, signal: AbortSignal): Promise<void> {
    // One that does not answer, or whose folder was replaced, holds the ports.
    await this.endNow(environment)
    const folder = this.linksFolder(environment)
    await mkdir(folder, {mode: 0o700, recursive: true})
    const entry = packageFile('dist', 'lib', 'engine', 'process', ENTRY)
    const log = join(dirname(folder), 'links.log')
    const child = await launchDetached(process.execPath, [entry, folder], {cwd: folder, log})
    const deadline = performance.now() + START_TIMEOUT_MS
    try {
      while (!(await this.call(environment, {command: 'list'}).then(Boolean, () => false))) {
        requireNotAborted(signal)
        if (hasEnded(child) || performance.now() > deadline) {
          throw new CliError('NODE_START_FAILED', `the link proxy of ${environment} did not start; its log: ${log}`)
        }
        await delay(POLL_MS)
      }
    } catch (error) {
      await killChild(child)
      throw error
    }
  }
}

async function endProcess({pid, startToken}: ProcessEntry): Promise<void> {
  const isThere = async () => (await findProcess(pid))?.startToken === startToken
  const deadline = performance.now() + END_WAIT_MS
  while (await isThere()) {
    if (performance.now() > deadline) throw new CliError('TIMED_OUT', `process ${pid} does not end, not even killed`)
    try {
      // It has nothing to save.
      process.kill(pid, 'SIGKILL')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
    await delay(POLL_MS)
  }
}
