import type {Server} from '../server.js'
import type {Job} from './job.js'
import {ASK_AGAIN_MS} from './limits.js'
import {TargetLink} from './link.js'

export interface DoubtOutcome {
  /** The target has not taken the slots, and will not. */
  onKept(): void
  /** It has. @param epoch - it claimed them by */
  onTaken(epoch: number): void
}

/**
 * The connection broke after the target was granted slots: it may have taken them, or never have heard of it.
 *
 * It is asked on other connections, until it answers: SYNCSLOTS ABORT ends the migration there if the slots are not taken
 * yet, so that either answer holds for good, and whatever else is under way to it comes too late.
 */
export class HandoverDoubt {
  private link: TargetLink | undefined
  private askedMs = 0
  private isAuthenticating = false

  constructor(
    private readonly server: Server,
    private readonly job: Job,
    private readonly outcome: DoubtOutcome,
  ) {}

  /** Every 100 ms. */
  cron(nowMs: number): void {
    if (nowMs - this.askedMs < ASK_AGAIN_MS) return
    const target = this.server.cluster!.core.nodes.get(this.job.target)
    if (target === undefined) return
    this.askedMs = nowMs
    this.link?.close()
    this.link = new TargetLink(this.server, target.ip, target.port, {
      onClose: () => undefined,
      onDrain: () => undefined,
      onLine: (line) => this.onLine(line),
      onOpen: () => this.ask(),
    })
  }

  close(): void {
    this.link?.close()
  }

  private ask(): void {
    this.isAuthenticating = this.link!.authenticate()
    this.link!.command('ABORT', 'TARGET', this.job.target, 'NAME', this.job.name)
  }

  private onLine(line: string): void {
    if (this.isAuthenticating) {
      this.isAuthenticating = false
      return
    }
    const [word, epoch] = line.split(' ')
    if (word === '+ABORTED') this.outcome.onKept()
    else if (word === '+FINISHED') this.outcome.onTaken(Number(epoch))
  }
}
