import {pause} from '../../client/abort.js'
import type {NodeConnection} from '../../client/node-connection.js'
import {NodeReplyError} from '../../client/reply-error.js'
import {CliError} from '../../kernel/errors.js'
import {isAway, LOOK_MS} from './instance-nodes.js'
import type {DatabaseInstance} from './known.js'
import {type Opened, openInstances} from './sync.js'

const POLL_MS = 100

/**
 * A region that is asked several things, one after the other. If one of its shards goes away meanwhile, whoever took its slots
 * over is asked instead; a shard without a successor makes the region drop out.
 *
 *     open --a shard goes away--> looked for --all slots have a primary again--> open
 *                                            --not within waitMs-------------> given up
 */
export class ComparedRegion {
  /** Why it was given up; undefined: it answers. */
  error: CliError | undefined
  private opened: Opened | undefined
  /** When a shard went away; undefined since it last answered. Monotonic milliseconds. */
  private lostMs: number | undefined

  /** @param waitMs - how long a failover may take */
  constructor(
    readonly instance: DatabaseInstance,
    private readonly waitMs: number,
    private readonly signal: AbortSignal,
  ) {}

  get id(): number {
    return this.instance.id
  }

  /** Connects to it. A region of which nobody answers is given up at once. @throws {CliError} CREDENTIALS_REFUSED, INTERRUPTED */
  async open(): Promise<void> {
    const problem = await this.connect()
    if (problem === undefined) return
    if (this.opened) await this.find(problem)
    else this.error = problem
  }

  /**
   * Asks its primaries, from the beginning if one goes away amid it.
   *
   * @returns undefined if the region was given up
   * @throws {CliError} INTERRUPTED
   */
  async read<T>(work: (primaries: readonly NodeConnection[]) => Promise<T>): Promise<T | undefined> {
    while (this.error === undefined) {
      try {
        const result = await work(this.opened?.open[0]?.nodes.primaries ?? [])
        this.lostMs = undefined
        return result
      } catch (error) {
        await this.lost(error)
      }
    }
    return undefined
  }

  private async lost(error: unknown): Promise<void> {
    if (isAway(error)) await this.find(error)
    else if (error instanceof NodeReplyError) {
      const refusal = new CliError('UNREACHABLE', error.message, {cause: error})
      if (error.code === 'LOADING') await this.find(refusal)
      else this.error = refusal
    } else throw error
  }

  /** Until all slots have a primary that answers, or time is up. */
  private async find(problem: CliError): Promise<void> {
    this.lostMs ??= performance.now()
    for (let why: CliError | undefined = problem; why !== undefined; why = await this.connect()) {
      this.close()
      if (performance.now() + POLL_MS > this.lostMs + this.waitMs) {
        this.error = why
        return
      }
      await pause(POLL_MS, this.signal)
    }
  }

  /** @returns why not all of it can be asked */
  private async connect(): Promise<CliError | undefined> {
    this.opened = await openInstances([this.instance], this.signal, LOOK_MS)
    const {away, open} = this.opened
    if (!open[0]) this.close()
    return away[0]?.error ?? open[0]?.nodes.gap
  }

  /** Safe to call twice. */
  close(): void {
    this.opened?.close()
    this.opened = undefined
  }
}

/** Asks all of them side by side. @throws {CliError} CREDENTIALS_REFUSED, INTERRUPTED */
export async function openRegions(
  instances: readonly DatabaseInstance[],
  waitMs: number,
  signal: AbortSignal,
): Promise<ComparedRegion[]> {
  const regions = instances.map((instance) => new ComparedRegion(instance, waitMs, signal))
  const outcomes = await Promise.allSettled(regions.map((region) => region.open()))
  const failed = outcomes.find((outcome) => outcome.status === 'rejected')
  if (!failed) return regions
  for (const region of regions) region.close()
  throw failed.reason
}
