import {renderDuration} from './duration.js'
import type {Lane} from './lanes.js'
import {renderBytes} from './render/numbers.js'

/** A file on its way from or to a disk, as a lane: how much of it, how fast, how long yet. */
export class TransferLane implements Lane {
  readonly finished: Promise<void>
  private finish: () => void = () => undefined
  private done = false
  private bytes = 0
  private share: number | undefined
  private startedAt: number | undefined
  private endedAt = 0

  constructor(readonly title: string) {
    this.finished = new Promise((resolve) => {
      this.finish = resolve
    })
  }

  /** @param share - how much of it that is, 0..1; undefined if nobody knows */
  take(bytes: number, share: number | undefined, nowMs: number): void {
    this.startedAt ??= nowMs
    this.endedAt = nowMs
    this.bytes = bytes
    this.share = share
  }

  end(): void {
    this.done = true
    this.finish()
  }

  isFinished(): boolean {
    return this.done
  }

  /** `40 MB, 61%, 23 MB/s, 1.2 s left` */
  describe(nowMs: number): string {
    if (this.startedAt === undefined) return 'waiting'
    const elapsedMs = nowMs - this.startedAt
    const parts = [renderBytes(this.bytes)]
    const share = this.share === undefined ? undefined : Math.min(1, this.share)
    if (share !== undefined) parts.push(`${Math.floor(share * 100)}%`)
    if (elapsedMs > 0) parts.push(`${renderBytes(Math.round((this.bytes * 1000) / elapsedMs))}/s`)
    if (share !== undefined && share > 0 && share < 1) {
      parts.push(`${renderDuration((elapsedMs * (1 - share)) / share)} left`)
    }
    return parts.join(', ')
  }

  /** `40 MB in 1.7 s` */
  summary(): string {
    const tookMs = this.startedAt === undefined ? 0 : this.endedAt - this.startedAt
    return `${renderBytes(this.bytes)} in ${renderDuration(tookMs)}`
  }
}
