import {appendFileSync, chmodSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs'
import {dirname} from 'node:path'
import {holdsSecret} from './secret-lines.js'

/** Lines kept. */
export const HISTORY_LINES_MAX = 1000

/** Lines that were typed, for the user's eyes only (0600). Where the file cannot be used, there is none: nobody is kept from typing. */
export class HistoryFile {
  constructor(private readonly path: string) {}

  /** @returns the newest first; the file is cut to them */
  read(): string[] {
    try {
      const lines = readFileSync(this.path, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
      const kept = lines.slice(-HISTORY_LINES_MAX)
      if (kept.length < lines.length) writeFileSync(this.path, `${kept.join('\n')}\n`, {mode: 0o600})
      chmodSync(this.path, 0o600)
      return kept.reverse()
    } catch {
      return []
    }
  }

  /** Nothing blank, and nothing that may hold a password. */
  add(line: string): void {
    if (line.trim() === '' || holdsSecret(line)) return
    try {
      mkdirSync(dirname(this.path), {mode: 0o700, recursive: true})
      appendFileSync(this.path, `${line}\n`, {mode: 0o600})
    } catch {
      // The next line may be luckier.
    }
  }
}
