import {pause, throwIfAborted, untilAborted} from '../../client/abort.js'
import {parseInfo} from '../../client/cluster-nodes.js'
import type {ConnectOptions} from '../../client/connect-options.js'
import type {WireReply} from '../../client/migration/reply-reader.js'
import {connectWire, type Wire, type WireCommand} from '../../client/migration/wire.js'
import {connectNode} from '../../client/node-connection.js'
import {NodeReplyError} from '../../client/reply-error.js'
import {CliError} from '../../kernel/errors.js'
import type {Address} from '../../model/address.js'
import {renderAddress} from '../../model/address.js'
import type {SourceFacts} from '../../plan/import.js'
import {payloadVersionOf} from '../../plan/moves/payload-versions.js'
import {type ExpiryDialect, timeIn} from './expiry.js'

/** A server that keys are taken from: one that is not in cluster mode. */
export interface Source {
  readonly address: Address
  readonly options: ConnectOptions
  readonly facts: SourceFacts
  readonly database: number
  readonly dialect: ExpiryDialect
}

const RECONNECT_MS = 200

/** A server at work on a big key answers nobody else meanwhile. Milliseconds. */
const SILENCE_MS = 30_000

/**
 * Connects once and asks what kind of server it is. Changes nothing.
 *
 * @throws {CliError} UNREACHABLE, TIMED_OUT, AUTH_FAILED; PREFLIGHT_FAILED if the user may not ask, or the database is
 *   none
 */
export async function openSource(
  address: Address,
  options: ConnectOptions,
  database: number,
  signal: AbortSignal,
): Promise<Source> {
  const link = await connectNode(address, options, {signal, tlsName: address.host}).catch((error: unknown) => {
    throw sourceError(error)
  })
  try {
    const before = Date.now()
    const [info, selected, time, command] = await link.pipeline([
      ['INFO'],
      ['SELECT', database],
      ['TIME'],
      ['COMMAND', 'INFO', 'pexpiretime'],
    ])
    const now = timeIn(time)
    if (info instanceof NodeReplyError) throw refused(link.name, 'INFO', info)
    const facts = factsOf(link.name, parseInfo(String(info)))
    // In cluster mode SELECT fails for another reason, which the plan names.
    if (selected instanceof NodeReplyError && !facts.clusterMode)
      throw refused(link.name, `SELECT ${database}`, selected)
    return {
      address,
      options,
      facts,
      database,
      dialect: {
        absolute: Array.isArray(command) && Array.isArray(command[0]),
        clockOffsetMs: now === undefined ? undefined : now - (before + Date.now()) / 2,
      },
    }
  } finally {
    link.close()
  }
}

/** Which of the two sides it is that does not answer, or does not let us in. */
function sourceError(error: unknown): unknown {
  if (!(error instanceof CliError)) return error
  const {cause, code, details, message, suggestions} = error
  const isSaid = ['UNREACHABLE', 'TIMED_OUT', 'AUTH_FAILED'].includes(code)
  if (!isSaid) return error
  const login = 'Set SHOAL_FROM_PASSWORD, or pass --from-askpass or --from-password (and --from-user for an ACL user).'
  return new CliError(code, `the source ${message}`, {
    cause,
    details,
    // The flags that are suggested are those of the cluster's side.
    suggestions:
      code === 'AUTH_FAILED'
        ? [login]
        : suggestions.map((text) => text.replace(/--(?=tls|cacert|sni|insecure)/g, '--from-')),
  })
}

function refused(name: string, what: string, {message}: NodeReplyError): CliError {
  return new CliError('PREFLIGHT_FAILED', `the source ${name} refuses ${what}: ${message}`, {
    suggestions: /^NOPERM/.test(message)
      ? ['The user at the source needs +info +select +scan +dump +memory|usage +pexpiretime +pttl +time on ~*.']
      : [],
  })
}

function factsOf(address: string, info: ReadonlyMap<string, string>): SourceFacts {
  const databases = [...info].flatMap(([field, value]): [number, number][] => {
    const database = /^db(\d+)$/.exec(field)?.[1]
    return database === undefined ? [] : [[Number(database), Number(/keys=(\d+)/.exec(value)?.[1] ?? 0)]]
  })
  return {
    address,
    version: info.get('valkey_version') ?? info.get('redis_version') ?? 'unknown',
    payloadVersion: payloadVersionOf({info}),
    runId: info.get('run_id') ?? '',
    clusterMode: info.get('cluster_enabled') === '1' || info.get('redis_mode') === 'cluster',
    role: info.get('role') === 'slave' ? 'replica' : 'primary',
    loading: info.get('loading') === '1',
    copy: copyOf(info),
    libraryCount: Number(info.get('number_of_libraries') ?? 0),
    databases: new Map(databases),
    datasetBytes: Number(info.get('used_memory_dataset') ?? info.get('used_memory') ?? 0),
  }
}

/** A replica that takes over its primary's keys anew is loading; one that runs a long script is busy. */
function isTransient(reply: WireReply): boolean {
  return reply instanceof NodeReplyError && ['BUSY', 'LOADING', 'MASTERDOWN'].includes(reply.code)
}

/** A replica that has never had a link says -1 for how long it is down. */
function copyOf(info: ReadonlyMap<string, string>): SourceFacts['copy'] {
  const isDown = info.get('master_link_status') === 'down'
  if (info.get('master_sync_in_progress') === '1') return 'partial'
  return !isDown ? 'whole' : info.get('master_link_down_since_seconds') === '-1' ? 'partial' : 'old'
}

/**
 * One connection to a source, made again when it is lost: whoever only reads does not notice.
 *
 * A server that was started anew meanwhile is another source: its SCAN goes in another order, so what was passed and what
 * was not is unknown.
 */
export class SourceLink {
  private wire: Wire | undefined
  /** Counts connections: what was watched on another one is not watched any more. */
  generation = 0

  constructor(
    private readonly source: Source,
    private readonly retryMs: number,
    private readonly signal: AbortSignal,
  ) {}

  /**
   * Sends what is safe to repeat, again if the connection is lost or the server is busy or loading.
   *
   * @throws {CliError} UNREACHABLE, TIMED_OUT after `retryMs`; PLAN_PARTIAL if the server was started anew; INTERRUPTED
   */
  async send(commands: readonly WireCommand[]): Promise<WireReply[]> {
    const until = performance.now() + this.retryMs
    for (;;) {
      throwIfAborted(this.signal)
      try {
        // What only reads need not be waited for.
        const replies = await untilAborted(this.sendOnce(commands), this.signal)
        if (!replies.some(isTransient) || performance.now() > until) return replies
        await pause(RECONNECT_MS, this.signal)
      } catch (error) {
        const passes = error instanceof CliError && (error.code === 'UNREACHABLE' || error.code === 'TIMED_OUT')
        if (!passes || performance.now() > until) throw error
        await pause(RECONNECT_MS, this.signal)
      }
    }
  }

  /**
   * Sends at most once, and only on the connection of that generation: for what rests on a WATCH.
   *
   * @throws {CliError} UNREACHABLE, TIMED_OUT: it may have run, but for another generation
   */
  async sendOn(generation: number, commands: readonly WireCommand[]): Promise<WireReply[]> {
    if (this.wire && this.generation === generation) return this.sendOnce(commands)
    throw new CliError('UNREACHABLE', `the connection to ${this.source.facts.address} was lost`)
  }

  private async sendOnce(commands: readonly WireCommand[]): Promise<WireReply[]> {
    this.wire ??= await this.open()
    try {
      return await this.wire.send(commands, SILENCE_MS)
    } catch (error) {
      this.close()
      throw error
    }
  }

  close(): void {
    this.wire?.close()
    this.wire = undefined
  }

  private async open(): Promise<Wire> {
    const {address, database, facts, options} = this.source
    this.generation++
    const wire = await connectWire(address, options, address.host)
    try {
      const [selected, info] = await wire.send([
        ['SELECT', String(database)],
        ['INFO', 'server'],
      ])
      if (selected instanceof NodeReplyError) throw refused(facts.address, `SELECT ${database}`, selected)
      // Nobody waits for it any more.
      throwIfAborted(this.signal)
      const runId = parseInfo(String(info)).get('run_id')
      if (runId === facts.runId) return wire
    } catch (error) {
      wire.close()
      throw error
    }
    wire.close()
    throw new CliError('PLAN_PARTIAL', `the source ${renderAddress(address)} was started anew meanwhile`, {
      details: {restarted: true},
      suggestions: ['Run the same import again: keys that arrived are found and left alone.'],
    })
  }
}
