import {
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import {open} from 'node:fs/promises'
import {dirname} from 'node:path'

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
const AHEAD_HEAD = '# bytes '
/** How long a save may wait for others to join it, if nobody waits for it. */
const SAVE_DELAY_MS = 50
/** Some file systems have none; creating the file exclusively is the next best. */
const NO_HARD_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'])

/**
 * nodes.conf on disk (wire.md 1.14): always whole, and only one node's.
 *
 * A save is write-temp, fsync, rename, fsync of the folder; `saveNow` is durable when it returns. `saveSoon` does the same
 * off the event loop's back, joins saves that come meanwhile, and tells when it is durable. `writeAhead` bridges the time
 * until then against the death of the process: a copy beside the file, without fsync, which is taken at the next start if
 * it is whole. The lock file `<path>.lock` names the process; one left behind by a process that is gone is taken over.
 */
export class NodesConfFile {
  /** What was there at the start; undefined if nothing. */
  readonly text: string | undefined
  private generation = 0
  private soon: PendingSave | undefined
  private writing: Promise<void> | undefined
  private closed = false
  private timer: NodeJS.Timeout | undefined
  /** Open while there is a copy beside the file, valid or voided. */
  private aheadFile: number | undefined
  /** Counts the copies written ahead; `aheadOnDisk` is the number of the valid one, 0 = none. */
  private aheadCount = 0
  private aheadOnDisk = 0

  /** @throws {NodesConfLockedError} if another running node has it */
  constructor(private readonly path: string) {
    lock(`${path}.lock`)
    try {
      const saved = readIfThere(path)
      const text = newerOf(saved, readAhead(`${path}.ahead`))
      // Redis treats an empty file as none.
      this.text = text === '' ? undefined : text
      if (text !== undefined && text !== saved) this.saveNow(text)
      rmSync(`${path}.ahead`, {force: true})
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
    this.dropAhead(this.aheadCount)
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
   * In the hands of the system on return: it outlives the process, not the machine. `saveSoon` must have been asked too.
   *
   * @throws the system's error
   */
  writeAhead(text: string): void {
    if (this.closed) return
    this.aheadFile ??= openSync(`${this.path}.ahead`, 'w', 0o644)
    // One write over the last copy: nothing is created, renamed or cut, so this costs little.
    writeSync(this.aheadFile, Buffer.from(`${AHEAD_HEAD}${text.length}\n${text}`, 'latin1'), 0, undefined, 0)
    this.aheadOnDisk = ++this.aheadCount
  }

  /** The file itself holds what was written ahead up to that number: the copy is void. */
  private dropAhead(number: number): void {
    if (this.aheadFile === undefined || this.aheadOnDisk === 0 || this.aheadOnDisk > number) return
    this.aheadOnDisk = 0
    writeSync(this.aheadFile, Buffer.alloc(1), 0, 1, 0)
  }

  /** Writes what is pending and lets go of the lock. Safe to call twice. */
  close(): void {
    if (this.closed) return
    const pending = this.soon
    try {
      if (pending) this.saveNow(pending.render())
    } finally {
      this.closed = true
      this.generation++
      clearTimeout(this.timer)
      if (this.aheadFile !== undefined) closeSync(this.aheadFile)
      // Without a save that holds it, the copy is still needed.
      if (this.aheadOnDisk === 0) rmSync(`${this.path}.ahead`, {force: true})
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
    const {aheadCount, generation} = this
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
    this.dropAhead(aheadCount)
  }
}

/** @returns undefined if there is none, a void one, or one that was not on disk whole when the machine stopped */
function readAhead(path: string): string | undefined {
  const copy = readIfThere(path)
  if (copy === undefined || !copy.startsWith(AHEAD_HEAD)) return undefined
  const start = copy.indexOf('\n') + 1
  const length = Number(copy.slice(AHEAD_HEAD.length, start))
  const text = copy.slice(start, start + length)
  return length > 0 && text.length === length && text.endsWith('\n') && !text.includes('\0') ? text : undefined
}

/** The copy, unless the file is known to be later: a durable save may have come between the two. */
function newerOf(text: string | undefined, ahead: string | undefined): string | undefined {
  if (ahead === undefined || text === undefined) return ahead ?? text
  const epochs = (conf: string) =>
    /^vars currentEpoch (\d+) lastVoteEpoch (\d+)/m.exec(conf)?.slice(1).map(Number) ?? []
  const [current = 0, vote = 0] = epochs(ahead)
  const [savedCurrent = 0, savedVote = 0] = epochs(text)
  return current >= savedCurrent && vote >= savedVote ? ahead : text
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function fsyncFolder(folder: string): void {
  const handle = openSync(folder, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
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
