import {Command, type Interfaces} from '@oclif/core'
import type {ConnectOptions} from '../client/connect-options.js'
import type {Command as NodeCommand} from '../client/node-connection.js'
import {knownEnvironment} from '../environment/known.js'
import {defaultStateFolder} from '../environment/state-folder.js'
import {CliError, type ExitCode} from '../kernel/errors.js'
import {parseAddress} from '../model/address.js'
import type {ObservedCluster} from '../operations/observe.js'
import {withAuthorities} from './authorities.js'
import {type ConnectFlagValues, connectOptionsFrom, withEnvironment} from './connect-flags.js'
import {errorDocument, jsonSafe} from './error-document.js'
import {connectFlags, globalFlags} from './flags.js'
import type {Host} from './host.js'
import {askPassword, askYesNo, hasTerminal} from './prompts.js'
import {renderError} from './render/error.js'
import {type Style, styleOf, wantsColor} from './render/style.js'
import {joinSeed} from './seed.js'

/** The width of a pipe: wide enough for a table, narrow enough for a mail. */
const COLUMNS_DEFAULT = 100

/** Each asks the work to stop at the next safe point; SIGHUP is a terminal that went away. */
const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

interface Closable {
  close(): void | Promise<void>
}

/**
 * What all commands share: global flags, one JSON document on stdout, one mapping of failures to exit codes, Ctrl-C as an
 * AbortSignal, questions that are only asked on a terminal, and connections that are closed at the end.
 *
 * A command parses, calls one operation, prints, and returns its result, which is the `--json` document.
 */
export abstract class BaseCommand extends Command {
  static override enableJsonFlag = true
  static override baseFlags: Interfaces.FlagInput = globalFlags

  private readonly abort = new AbortController()
  private readonly closables: Closable[] = []
  private values: Readonly<Record<string, unknown>> = {}
  private seeds: readonly string[] = []

  /** The result is the `--json` document, so it is always an object. */
  abstract override run(): Promise<object>

  /** Aborted by Ctrl-C, SIGTERM or SIGHUP. A second Ctrl-C ends the process at once. */
  protected get signal(): AbortSignal {
    return this.abort.signal
  }

  protected get style(): Style {
    return styleOf(wantsColor(process.stdout, process.env, this.values['no-color'] === true))
  }

  /** For the parts that several commands share. */
  protected get host(): Host {
    const {interactive, signal, style} = this
    return {
      interactive,
      signal,
      style,
      print: (text) => this.print(text),
      progress: (text) => this.progress(text),
      showPlan: (text) => this.showPlan(text),
      exitWith: (code) => this.exitWith(code),
    }
  }

  /** Columns to fill. */
  protected get columns(): number {
    return process.stdout.columns || COLUMNS_DEFAULT
  }

  /** Whether questions can be asked and spinners shown. */
  protected get interactive(): boolean {
    return hasTerminal() && !this.jsonEnabled()
  }

  /** Prints a part of the result on stdout; under `--json` nothing. */
  protected print(text: string): void {
    if (!this.jsonEnabled()) process.stdout.write(`${text}\n`)
  }

  /** Prints what is nice to know on stdout; under `--json` and `--quiet` nothing. */
  protected note(text: string): void {
    if (this.values['quiet'] !== true) this.print(text)
  }

  /** Prints what the operator is about to be asked about; left out only under `--quiet --yes` and `--json`. */
  protected showPlan(text: string): void {
    if (this.values['quiet'] !== true || this.values['yes'] !== true) this.print(text)
  }

  /** Prints progress on stderr, also under `--json`; under `--quiet` nothing. */
  protected progress(text: string): void {
    if (this.values['quiet'] !== true) process.stderr.write(`${text}\n`)
  }

  /** For a result that is no failure of the command but has an exit code: `check` found problems. */
  protected exitWith(code: ExitCode): void {
    process.exitCode = code
  }

  /** For a command that runs a program in its own place. @param status - the program's exit code */
  protected exitAs(status: number): void {
    process.exitCode = status
  }

  /** Closes `closable` when the command ends, however it ends. */
  protected closeLater<T extends Closable>(closable: T): T {
    this.closables.push(closable)
    return closable
  }

  /**
   * How to reach nodes, by the flags of `connectFlags`; what they leave open, a development environment that the nodes belong to
   * says.
   *
   * @param seeds - HOST:PORT of nodes; those of the last call if there are none
   * @throws {CliError} BAD_FLAG, NEEDS_TERMINAL
   */
  protected async connectOptions(...seeds: string[]): Promise<ConnectOptions> {
    if (seeds.length > 0) this.seeds = seeds
    const options = await connectOptionsFrom(this.values as unknown as ConnectFlagValues, process.env, askPassword)
    const known = knownEnvironment(this.seeds, defaultStateFolder(process.env))
    const cacertdir = this.values['cacertdir'] as string | undefined
    return withAuthorities(known ? withEnvironment(options, known) : options, cacertdir)
  }

  /**
   * Observes the cluster of `seed` once; its connections are closed with the command.
   *
   * @param also - further commands for every node, sent along; see `ObservedCluster.extras`
   * @throws {CliError} BAD_ADDRESS, UNREACHABLE, AUTH_FAILED, NOT_CLUSTER_MODE, ...
   */
  protected async connect(seed: string, also: readonly NodeCommand[] = []): Promise<ObservedCluster> {
    const address = parseAddress(seed)
    const options = await this.connectOptions(seed)
    const {observeCluster} = await import('../operations/observe.js')
    return this.closeLater(await observeCluster(address, options, this.signal, also))
  }

  private get hasDryRun(): boolean {
    // Undefined, whatever the type says, where a command has no flags of its own.
    const flags: Interfaces.FlagInput | undefined = this.ctor.flags
    return flags?.['dry-run'] !== undefined
  }

  /**
   * Asks before a change; `--yes` answers.
   *
   * @throws {CliError} DECLINED on no, NEEDS_TERMINAL where nobody can be asked
   */
  protected async confirm(question: string): Promise<void> {
    if (this.values['yes'] === true || process.env['REDISCLI_CLUSTER_YES'] === '1') return
    if (!this.interactive) {
      throw new CliError('NEEDS_TERMINAL', `${question} There is no terminal to ask on.`, {
        suggestions: [
          `Pass --yes to go ahead without being asked${this.hasDryRun ? ', or --dry-run to see the plan alone' : ''}.`,
        ],
      })
    }
    if (!(await askYesNo(question, this.signal))) throw new CliError('DECLINED', 'declined; nothing was changed')
  }

  override async init(): Promise<void> {
    await super.init()
    for (const name of STOP_SIGNALS) process.on(name, this.onSignal)
  }

  // oclif's own `parse` hands the flags to the command alone; the helpers above need the global ones too.
  protected override async parse<
    F extends Interfaces.OutputFlags<Interfaces.FlagInput>,
    B extends Interfaces.OutputFlags<Interfaces.FlagInput>,
    A extends Interfaces.OutputArgs<Interfaces.ArgInput>,
  >(options?: Interfaces.Input<F, B, A>, argv?: string[]): Promise<Interfaces.ParserOutput<F, B, A>> {
    const parsed = await super.parse<F, B, A>(options, argv)
    this.values = parsed.flags
    const {port, seed} = parsed.args
    if (seed !== undefined && port !== undefined)
      Object.assign(parsed.args, {port: undefined, seed: joinSeed(seed, port)})
    return parsed
  }

  /**
   * Replaces oclif's handling, which under `--json` would exit 1 for every failure and print the whole Config object for a
   * mistyped flag.
   */
  protected override async catch(error: unknown): Promise<void> {
    const exit = (error as {code?: unknown; oclif?: {exit?: number}})?.code === 'EEXIT'
    if (exit) throw error
    const document = errorDocument(error, (this.id ?? '').replaceAll(':', ' '))
    process.exitCode = document.error.exitCode
    if (this.jsonEnabled()) {
      this.logJson(document)
      return
    }
    const style = styleOf(wantsColor(process.stderr, process.env, this.argv.includes('--no-color')))
    process.stderr.write(`${renderError(document, style)}\n`)
    if (document.error.code === 'BUG' && error instanceof Error) {
      process.stderr.write(`This is a bug in Shoal. Please report it with this trace:\n${error.stack}\n`)
    }
  }

  protected override async finally(error: Error | undefined): Promise<void> {
    for (const name of STOP_SIGNALS) process.off(name, this.onSignal)
    await Promise.all(this.closables.map((closable) => closable.close()))
    await super.finally(error)
  }

  override logJson(json: unknown): void {
    process.stdout.write(`${JSON.stringify(json, jsonSafe, 2)}\n`)
  }

  private readonly onSignal = (): void => {
    if (this.signal.aborted) process.exit(130)
    this.abort.abort()
  }
}

/** A command that talks to the nodes of a cluster. */
export abstract class ClusterCommand extends BaseCommand {
  static override baseFlags: Interfaces.FlagInput = {...globalFlags, ...connectFlags}
}
