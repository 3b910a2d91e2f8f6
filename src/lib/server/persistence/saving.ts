import {openSnapshot} from '../replication/stream-place.js'
import type {Server} from '../server.js'
import {diskEffects} from './disk-effects.js'

/** After a save that failed the next one waits, or a full disk would keep the node busy; milliseconds. */
const RETRY_MS = 5000

/** Snapshots on disk: on request, and by the save points of the configuration. */
export class Saving {
  /** When the file was last as the data were; unix seconds. */
  lastSaveSeconds: number
  /** The last one succeeded. */
  isOk = true
  /** Of the last one, in seconds; -1: there was none. */
  lastDurationSeconds = -1
  /** When the one under way began; unix milliseconds; 0 = none is. */
  startedMs = 0
  saves = 0
  private failedMs = 0
  private isWanted = false
  /** BGSAVE SCHEDULE: as soon as no rewrite is under way. */
  private isScheduled = false
  private waiting: ((error?: string) => void)[] = []

  constructor(private readonly server: Server) {
    this.lastSaveSeconds = Math.floor(server.state.nowMs / 1000)
  }

  get isRunning(): boolean {
    return this.startedMs !== 0
  }

  /** Saves the data as they are now. @param done - with the reason if it failed */
  start(done?: (error?: string) => void): void {
    const {server} = this
    const {state} = server
    if (done !== undefined) this.waiting.push(done)
    if (this.isRunning) {
      // The one under way is of an earlier moment.
      this.isWanted = true
      return
    }
    const waiting = this.waiting.splice(0)
    this.startedMs = state.nowMs
    const dirtyBefore = state.dirty
    const snapshot = openSnapshot(server, 'all')
    server.effects.log('notice', 'Background saving started')
    diskEffects(server).saveSnapshot(server.config.values.dbfilename, snapshot, (error) => {
      snapshot.close()
      this.finish(dirtyBefore, error)
      for (const one of waiting) one(error)
      if (this.isWanted) {
        this.isWanted = false
        this.start()
      }
    })
  }

  private finish(dirtyBefore: number, error: string | undefined): void {
    const {effects, state} = this.server
    const nowMs = effects.nowMs()
    this.lastDurationSeconds = Math.floor((nowMs - this.startedMs) / 1000)
    this.startedMs = 0
    this.isOk = error === undefined
    if (error === undefined) {
      this.saves++
      this.lastSaveSeconds = Math.floor(nowMs / 1000)
      state.dirty -= dirtyBefore
      effects.log('notice', 'Background saving terminated with success')
    } else {
      this.failedMs = nowMs
      effects.log('warning', `Error saving DB on disk: ${error}`)
    }
  }

  /** Begins when the rewrite of the append-only file has ended. */
  schedule(): void {
    this.isScheduled = true
  }

  /** Every 100 ms. */
  cron(nowMs: number): void {
    if (this.isRunning || this.server.isLoading || this.server.appendOnly.isRewriting) return
    if (this.isScheduled) {
      this.isScheduled = false
      this.start()
      return
    }
    const {save} = this.server.config.values
    if (save.length === 0 || (!this.isOk && nowMs - this.failedMs < RETRY_MS)) return
    const sinceSeconds = nowMs / 1000 - this.lastSaveSeconds
    for (const {changes, seconds} of save) {
      if (this.server.state.dirty < changes || sinceSeconds <= seconds) continue
      this.server.effects.log('notice', `${changes} changes in ${seconds} seconds. Saving...`)
      this.start()
      return
    }
  }
}
