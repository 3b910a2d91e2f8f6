import {closeSync, openSync, writeSync} from 'node:fs'
import type {LogLevel} from '../server/effects.js'

/** From the quietest word to the loudest; the mark is what stands before the text of a line. */
const LEVELS: Readonly<Record<LogLevel, {readonly rank: number; readonly mark: string}>> = {
  debug: {rank: 0, mark: '.'},
  verbose: {rank: 1, mark: '-'},
  notice: {rank: 2, mark: '*'},
  warning: {rank: 3, mark: '#'},
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
/** Longer lines are cut: a client's bytes must not fill the disk. */
const LINE_BYTES_MAX = 1024

export interface LogOptions {
  readonly level: LogLevel
  /** '' = standard output. Opened for each line, so that rotating the file needs no signal. */
  readonly file: string
  readonly pid: number
  /** `M` primary, `S` replica, `C` child, `X` sentinel */
  readonly role?: 'M' | 'S' | 'C' | 'X'
  readonly now?: () => Date
}

function timestamp(at: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0')
  const day = `${two(at.getDate())} ${MONTHS[at.getMonth()]} ${at.getFullYear()}`
  const time = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`
  return `${day} ${time}.${String(at.getMilliseconds()).padStart(3, '0')}`
}

/** One line as redis-server writes it: `4711:M 20 Nov 2026 11:00:00.000 * text`. Local time. */
export function logLine(pid: number, role: string, at: Date, level: LogLevel, text: string): string {
  const plain = text.replace(/[\r\n]+/g, ' ').slice(0, LINE_BYTES_MAX)
  return `${pid}:${role} ${timestamp(at)} ${LEVELS[level].mark} ${plain}\n`
}

/** The node's log. Writing never throws: a full disk must not stop a node. */
export class NodeLog {
  level: LogLevel
  file: string
  role: 'M' | 'S' | 'C' | 'X'
  private readonly pid: number
  private readonly now: () => Date

  constructor({file, level, now = () => new Date(), pid, role = 'M'}: LogOptions) {
    this.file = file
    this.level = level
    this.now = now
    this.pid = pid
    this.role = role
  }

  write(level: LogLevel, text: string): void {
    if (LEVELS[level].rank < LEVELS[this.level].rank) return
    const line = logLine(this.pid, this.role, this.now(), level, text)
    try {
      if (this.file === '') writeSync(STDOUT, line)
      else this.append(line)
    } catch {
      // Nothing to tell it to.
    }
  }

  /** @throws the system's error if the file cannot be written, so that a bad `logfile` is found at start */
  check(): void {
    if (this.file !== '') this.append('')
  }

  private append(line: string): void {
    const handle = openSync(this.file, 'a', 0o644)
    try {
      writeSync(handle, line)
    } finally {
      closeSync(handle)
    }
  }
}

const STDOUT = 1
