import type {DeniedWhat} from './permissions.js'

export interface LogEntry {
  readonly reason: DeniedWhat | 'auth'
  readonly context: 'toplevel' | 'multi' | 'lua' | 'module'
  /** The command, key or channel that was refused; for `auth` the command used. */
  readonly object: string
  readonly username: string
  /** As CLIENT LIST shows the client, at the last of these events. */
  clientInfo: string
  /** Unix milliseconds of the last of these events. */
  atMs: number
  count: number
}

/** The same thing within this time counts up an entry instead of making another. */
const GROUPING_MS = 60_000
/** Older entries than these are not looked at for the same thing. */
const GROUPING_ENTRIES = 10

/** What was refused to whom: ACL LOG. Newest first. */
export class AclLog {
  private entries: LogEntry[] = []

  get newestFirst(): readonly LogEntry[] {
    return this.entries
  }

  /** @param max - acllog-max-len: entries kept */
  add(event: Omit<LogEntry, 'count'>, max: number): void {
    const index = this.entries.slice(0, GROUPING_ENTRIES).findIndex((entry) => isSame(entry, event))
    if (index >= 0) {
      const [entry] = this.entries.splice(index, 1)
      entry!.count++
      entry!.atMs = event.atMs
      entry!.clientInfo = event.clientInfo
      this.entries.unshift(entry!)
      return
    }
    this.entries.unshift({...event, count: 1})
    if (this.entries.length > max) this.entries.length = max
  }

  clear(): void {
    this.entries = []
  }
}

function isSame(entry: LogEntry, event: Omit<LogEntry, 'count'>): boolean {
  return (
    entry.reason === event.reason &&
    entry.context === event.context &&
    entry.object === event.object &&
    entry.username === event.username &&
    Math.abs(event.atMs - entry.atMs) <= GROUPING_MS
  )
}
