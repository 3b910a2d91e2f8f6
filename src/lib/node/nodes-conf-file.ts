import {closeSync, fsyncSync, linkSync, openSync, readFileSync, renameSync, rmSync, writeFileSync} from 'node:fs'
import {open} from 'node:fs/promises'
import {dirname} from 'node:path'
import {fsyncFolder} from './fsync-folder.js'
import {AheadCopies, hashOfConf} from './nodes-conf-ahead.js'

/** The file is another node's. */
export class NodesConfLockedError extends Error {
  override readonly name = 'NodesConfLockedError'
}

/** Who holds the lock: a process id says little after a reboot, so its start time goes with it where the system tells. */
interface Holder {
  readonly pid: number
  readonly started: string
}

interface PendingSave {
  readonly render: () => string
  readonly onError: (error: unknown) => void
  readonly onDone: (() => void)[]
}

const LOCK_ATTEMPTS = 5
/** How long a save may wait for others to join it, if nobody waits for it. */
const SAVE_DELAY_MS = 50
/** Some file systems have none; creating the file exclusively is the next best. */
const NO_HARD_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'])

/**
 * nodes.conf on disk (wire.md 1.14): always whole, and only one node's.
 *
 * A save is write-temp, fsync, rename, fsync of the folder; `saveNow` is durable when it returns. `saveSoon` does the same
 * off the event loop's back, joins saves that come meanwhile, and tells when it is durable. `writeAhead` bridges the time
 * until then by a copy beside the file (nodes-conf-ahead.ts), against the death of the process, or of the machine too. The
 * lock file `<path>.lock` names the process; one left behind by a process that is gone is taken over.
 */
export class NodesConfFile {
  /** What was there at the start; undefined if nothing. */
  readonly text: string | undefined
  private generation = 0
  private soon: PendingSave | undefined
  private writing: Promise<void> | undefined
  private closed = false
  private closing: Promise<void> | undefined
  private timer: NodeJS.Timeout | undefined
  private readonly ahead: AheadCopies
  /** By hash: what the file durably holds; and what a save under way is about to put there. */
  private base: string
  private nextBase: string | undefined
  /** The file holds what the copies up to this number do. */
  private heldCopies = 0

  /** @throws {NodesConfLockedError} if another running node has it */
  constructor(private readonly path: string) {
    lock(`${path}.lock`)
    this.ahead = new AheadCopies(path)
    try {
      const saved = readIfThere(path)
      this.base = hashOfConf(saved)
      const text = this.ahead.newest(saved) ?? saved
      // Redis treats an empty file as none.
      this.text = text === '' ? undefined : text
      if (text !== undefined && text !== saved) this.saveNow(text)
      this.ahead.remove()
    } catch (error) {
      rmSync(`${path}.lock`, {force: true})
      throw error
    }
  }

  /** Durable on return. @throws the system's error; the old file is untouched then */
  saveNow(text: string): void {
    if (this.closed) return
    this.generation++
    const joined = this.soon?.onDone ?? []
    this.soon = undefined
    const temporary = `${this.path}.tmp-${process.pid}`
    const file = openSync(temporary, 'w', 0o644)
    try {
      writeFileSync(file, text, 'latin1')
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(temporary, this.path)
    fsyncFolder(dirname(this.path))
    this.base = hashOfConf(text)
    this.nextBase = undefined
    this.heldCopies = this.ahead.written
    for (const done of joined) done()
  }

  /**
   * Within milliseconds, with what `render` gives then.
   *
   * @param onError - the system refused; the old file is untouched
   * @param onDone - what `render` gives now, or something newer, is durable
   */
  saveSoon(render: () => string, onError: (error: unknown) => void, onDone?: () => void): void {
    if (this.closed) return
    const callers = this.soon?.onDone ?? []
    this.soon = {render, onError, onDone: onDone === undefined ? callers : [...callers, onDone]}
    this.schedule()
  }

  /** At once if somebody waits for it. */
  private schedule(): void {
    if (!this.soon || this.closed || this.writing) return
    if (this.soon.onDone.length === 0) {
      this.timer ??= setTimeout(() => this.write(), SAVE_DELAY_MS).unref()
    } else this.write()
  }

  private write(): void {
    clearTimeout(this.timer)
    this.timer = undefined
    this.writing ??= this.writePending().then(() => {
      this.writing = undefined
      this.schedule()
    })
  }

  /**
   * On return `text` outlives the process; if `durable`, the machine too. `saveSoon` must have been asked as well.
   *
   * @throws the system's error
   */
  writeAhead(text: string, durable = false): void {
    if (this.closed) return
    this.ahead.write(text, this.nextBase === undefined ? [this.base] : [this.base, this.nextBase], durable)
  }

  /**
   * What is pending is durable on return. Resolves when nothing is touched any more, and the lock is free: at once unless a
   * save is under way. Safe to call twice.
   *
   * @throws the system's error
   */
  close(): Promise<void> {
    this.closing ??= this.end()
    return this.closing
  }

  private async end(): Promise<void> {
    const pending = this.soon
    try {
      if (pending) this.saveNow(pending.render())
    } finally {
      this.closed = true
      this.generation++
      clearTimeout(this.timer)
      // Whoever has the lock next uses the same temporary file.
      if (this.writing !== undefined) await this.writing
      // Without a save that holds it, the copy is still needed.
      if (this.ahead.written > this.heldCopies) this.ahead.close()
      else this.ahead.remove()
      rmSync(`${this.path}.lock`, {force: true})
    }
  }

  private async writePending(): Promise<void> {
    // Commands of one pipeline come in one turn of the loop: one save for all of them.
    await new Promise((resolve) => setImmediate(resolve))
    const pending = this.soon
    if (!pending || this.closed) return
    this.soon = undefined
    try {
      await this.writeOnce(pending.render())
    } catch (error) {
      if (!this.closed) pending.onError(error)
      return
    }
    for (const done of pending.onDone) done()
  }

  private async writeOnce(text: string): Promise<void> {
    const {generation} = this
    const {written} = this.ahead
    const hash = hashOfConf(text)
    this.nextBase = hash
    const temporary = `${this.path}.tmp-${process.pid}-soon`
    const file = await open(temporary, 'w', 0o644)
    try {
      await file.writeFile(text, 'latin1')
      await file.sync()
    } finally {
      await file.close()
    }
    // A durable save that came meanwhile is newer than this text.
    if (generation !== this.generation) {
      rmSync(temporary, {force: true})
      return
    }
    // Not left to a thread, where it could come after such a save.
    renameSync(temporary, this.path)
    const folder = await open(dirname(this.path), 'r')
    try {
      await folder.sync()
    } finally {
      await folder.close()
    }
    if (generation !== this.generation) return
    this.base = hash
    this.nextBase = undefined
    this.heldCopies = written
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** `link` makes the lock file appear whole or not at all, and fails if there is one. */
function lock(path: string): void {
  const mine: Holder = {pid: process.pid, started: startTimeOf(process.pid) ?? ''}
  const draft = `${path}.${process.pid}.${Math.random().toString(36).slice(2)}`
  writeFileSync(draft, JSON.stringify(mine), {flag: 'wx'})
  try {
    for (let attempt = 0; attempt < LOCK_ATTEMPTS; attempt++) {
      if (tryLink(draft, path)) return
      const text = readIfThere(path)
      if (text === undefined) continue
      const holder = parseHolder(text)
      if (holder && isRunning(holder)) throw lockedBy(path, holder)
      dropStale(path, text, draft)
    }
  } finally {
    rmSync(draft, {force: true})
  }
  throw new NodesConfLockedError(`${path} is contended by other processes`)
}

function lockedBy(path: string, {pid}: Holder): NodesConfLockedError {
  return new NodesConfLockedError(
    `the cluster configuration file is already used by a different node (process ${pid} holds ${path})`,
  )
}

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    const {code = ''} = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return false
    if (!NO_HARD_LINKS.has(code)) throw error
  }
  try {
    writeFileSync(to, readFileSync(from), {flag: 'wx'})
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** Moves the stale lock aside; if it was somebody's fresh one after all, it is put back. */
function dropStale(path: string, staleText: string, draft: string): void {
  const aside = `${draft}.stale`
  try {
    renameSync(path, aside)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  if (readIfThere(aside) !== staleText) tryLink(aside, path)
  rmSync(aside, {force: true})
}

function parseHolder(text: string): Holder | undefined {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null) return undefined
    const {pid, started} = value as Partial<Holder>
    return Number.isInteger(pid) && typeof started === 'string' ? {pid: pid as number, started} : undefined
  } catch {
    return undefined
  }
}

function isRunning({pid, started}: Holder): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
  }
  const [state] = processFacts(pid)
  // Ended, and nobody has asked for its exit code yet: as the first process of many containers never does.
  if (state === 'Z' || state === 'X') return false
  const now = startTimeOf(pid)
  // The id may have been given to another process since.
  return now === undefined || started === '' || now === started
}

/** Clock ticks since boot at which the process started; undefined where there is no /proc, or no such process. */
function startTimeOf(pid: number): string | undefined {
  return processFacts(pid)[19]
}

/** What /proc tells of a process after its name, its state first; nothing where there is no /proc. */
function processFacts(pid: number): string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The command in parentheses may hold blanks.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  } catch {
    return []
  }
}
