import {createHash} from 'node:crypto'
import {closeSync, fdatasyncSync, openSync, readFileSync, rmSync, writeSync} from 'node:fs'
import {dirname} from 'node:path'
import {fsyncFolder} from './fsync-folder.js'

/**
 * Copies of nodes.conf beside the file, written ahead of a save that takes several system calls and two fsyncs.
 *
 *   # ahead NUMBER of SHA1[,SHA1] bytes LENGTH sha1 SHA1
 *   ...LENGTH bytes of nodes.conf...
 *
 * A copy is of the files that it is newer than, by the hashes of their contents: once a later save has taken their place the
 * copy means nothing, even if the disk brings it back. Two places are written in turn, so that one torn by a loss of power
 * leaves the one before. The newest that is whole and of the saved file counts.
 */

const PLACES = ['ahead-0', 'ahead-1'] as const
/** What a node that has never saved is newer than. */
const NO_FILE = '-'
const HEAD = /^# ahead (\d+) of (\S+) bytes (\d+) sha1 ([0-9a-f]{40})\n/

export function hashOfConf(text: string | undefined): string {
  return text === undefined ? NO_FILE : createHash('sha1').update(text, 'latin1').digest('hex')
}

export class AheadCopies {
  private readonly files: (number | undefined)[] = PLACES.map(() => undefined)
  /** How many there have been; the last has this number. */
  written = 0

  constructor(private readonly path: string) {}

  /** @returns the newest copy of what was saved; undefined: none. */
  newest(saved: string | undefined): string | undefined {
    const base = hashOfConf(saved)
    let newest: {number: number; text: string} | undefined
    for (const place of PLACES) {
      const copy = readCopy(`${this.path}.${place}`)
      if (copy?.bases.includes(base) && copy.number > (newest?.number ?? 0)) newest = copy
    }
    return newest?.text
  }

  /**
   * In the hands of the system on return, or on disk if `durable`.
   *
   * @param bases - of all texts that the file may hold after a crash as long as this copy is to count, by `hashOfConf`
   * @throws the system's error
   */
  write(text: string, bases: readonly string[], durable: boolean): void {
    const number = ++this.written
    const index = number % PLACES.length
    const isNew = this.files[index] === undefined
    this.files[index] ??= openSync(this.nameOf(index), 'w', 0o644)
    const head = `# ahead ${number} of ${bases.join(',')} bytes ${text.length} sha1 ${hashOfConf(text)}\n`
    // One write over the last copy but one: nothing is renamed or cut, so this costs little.
    writeSync(this.files[index], Buffer.from(head + text, 'latin1'), 0, undefined, 0)
    if (!durable) return
    fdatasyncSync(this.files[index])
    if (isNew) fsyncFolder(dirname(this.path))
  }

  close(): void {
    for (const [index, file] of this.files.entries()) {
      if (file !== undefined) closeSync(file)
      this.files[index] = undefined
    }
  }

  /** For tidiness: what is left would count no more. */
  remove(): void {
    this.close()
    for (const index of PLACES.keys()) rmSync(this.nameOf(index), {force: true})
  }

  private nameOf(index: number): string {
    return `${this.path}.${PLACES[index]}`
  }
}

interface Copy {
  readonly number: number
  readonly bases: readonly string[]
  readonly text: string
}

/** @returns undefined if there is none, or one that was not on disk whole when the machine stopped */
function readCopy(path: string): Copy | undefined {
  let content: string
  try {
    content = readFileSync(path, 'latin1')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  const [head, number, bases, length, hash] = HEAD.exec(content) ?? []
  if (head === undefined) return undefined
  const text = content.slice(head.length, head.length + Number(length))
  return hashOfConf(text) === hash ? {bases: bases!.split(','), number: Number(number), text} : undefined
}
