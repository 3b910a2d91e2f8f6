/**
 * Every expected failure of Shoal, in one table.
 *
 * A `CliError` is something the operator can act on: it has a code, an exit code and a way forward. Anything else that
 * escapes is a bug and exits 1. `--help`, the documentation and the tests read this table.
 */

/** Exit codes, as documented in the README. A script may rely on them. */
export const EXIT_CODES = {
  0: 'done, or nothing to do',
  1: 'a bug in Shoal',
  2: 'usage: the command line or the input is wrong',
  3: 'refused, nothing changed',
  4: 'not found',
  5: 'conflict',
  6: 'partial: some of it was done, `shoal resume` continues',
  7: 'unreachable or timed out',
  8: 'the environment lacks something',
  9: 'check or verify found problems',
  130: 'interrupted',
} as const

export type ExitCode = keyof typeof EXIT_CODES

export const ERRORS = {
  BAD_ADDRESS: {exit: 2, summary: 'An address is not HOST:PORT.'},
  BAD_FLAG: {exit: 2, summary: 'A flag or an argument is wrong.'},
  NEEDS_TERMINAL: {exit: 2, summary: 'A value is missing and there is no terminal to ask on.'},
  DECLINED: {exit: 3, summary: 'The plan was not confirmed.'},
  UNKNOWN_NODE: {exit: 3, summary: 'An id or address names no node of the cluster.'},
  NOT_A_PRIMARY: {exit: 3, summary: 'The node is a replica where a primary is needed.'},
  NOT_A_REPLICA: {exit: 3, summary: 'The node is a primary where a replica is needed.'},
  SAME_NODE: {exit: 3, summary: 'Source and target are the same node.'},
  NOT_ENOUGH_SLOTS: {exit: 3, summary: 'The sources own fewer slots than asked for.'},
  NOT_ENOUGH_NODES: {exit: 3, summary: 'Too few nodes for the cluster asked for.'},
  NOT_ENOUGH_INSTANCES: {exit: 2, summary: 'An active-active database needs two instances at least.'},
  CREDENTIALS_REFUSED: {exit: 3, summary: 'A participating cluster refused the user name or password.'},
  NOT_SHOAL: {exit: 3, summary: "A node is not Shoal's own: it knows no active-active databases."},
  CANNOT_CHANGE: {exit: 3, summary: 'It was decided when the database was made.'},
  NOT_IN_SYNC: {exit: 3, summary: 'Instances of the database are away, or behind each other.'},
  NOT_CLUSTER_MODE: {exit: 3, summary: 'A node does not run in cluster mode.'},
  NODE_NOT_EMPTY: {exit: 3, summary: 'A node holds keys, slots or other nodes already.'},
  CLUSTER_UNHEALTHY: {exit: 3, summary: 'The cluster has problems that must be solved first.'},
  PREFLIGHT_FAILED: {exit: 3, summary: 'A check before the change failed.'},
  NOT_FOUND: {exit: 4, summary: 'The environment, job or file does not exist.'},
  ENVIRONMENT_EXISTS: {exit: 5, summary: 'An environment of that name exists already.'},
  CRDB_EXISTS: {exit: 5, summary: 'A database of that name, or that instance of it, exists already.'},
  PORT_IN_USE: {exit: 5, summary: 'A port is taken by another process.'},
  LOCKED: {exit: 5, summary: 'Another operator is changing this cluster.'},
  OVERTAKEN: {exit: 5, summary: 'An active-active database was changed meanwhile, by another machine perhaps.'},
  NODES_DISAGREE: {exit: 5, summary: 'The nodes do not agree about the configuration.'},
  PLAN_PARTIAL: {exit: 6, summary: 'Some steps ran, then one failed. `shoal resume` continues.'},
  FAULT_INEFFECTIVE: {exit: 6, summary: 'A fault between nodes was applied or healed, but a link says otherwise.'},
  UNREACHABLE: {exit: 7, summary: 'A node cannot be reached.'},
  TIMED_OUT: {exit: 7, summary: 'Something did not happen in time.'},
  AUTH_FAILED: {exit: 7, summary: 'A node refused the user name or password.'},
  ENVIRONMENT_LACKS: {exit: 8, summary: 'A program or feature this needs is not there.'},
  NODE_START_FAILED: {exit: 8, summary: 'A node could not be started.'},
  PROBLEMS_FOUND: {exit: 9, summary: 'The check found problems.'},
  INTERRUPTED: {exit: 130, summary: 'Interrupted by the operator.'},
} as const satisfies Record<string, {exit: ExitCode; summary: string}>

export type ErrorCode = keyof typeof ERRORS

export interface CliErrorOptions {
  /** Facts for scripts; JSON-safe values only. */
  readonly details?: Readonly<Record<string, unknown>>
  /** Ways forward; each is a command line to paste, or one sentence where no command helps. */
  readonly suggestions?: readonly string[]
  readonly cause?: unknown
}

/** The `--json` form of a failure. */
export interface ErrorDocument {
  readonly error: {
    readonly code: string
    readonly message: string
    readonly exitCode: number
    readonly suggestions: readonly string[]
    readonly details: Readonly<Record<string, unknown>>
  }
}

/** An expected failure: the operator can act on it. */
export class CliError extends Error {
  override readonly name = 'CliError'
  readonly code: ErrorCode
  readonly details: Readonly<Record<string, unknown>>
  readonly suggestions: readonly string[]
  /** oclif reads this one under --json ... */
  readonly exitCode: number
  /** ... and this one otherwise; they must agree. */
  readonly oclif: {readonly exit: number}

  constructor(code: ErrorCode, message: string, options: CliErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : {cause: options.cause})
    this.code = code
    this.details = options.details ?? {}
    this.suggestions = options.suggestions ?? []
    this.exitCode = ERRORS[code].exit
    this.oclif = {exit: this.exitCode}
  }

  toJSON(): ErrorDocument {
    const {code, details, exitCode, message, suggestions} = this
    return {error: {code, message, exitCode, suggestions, details}}
  }
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
