import {Buffer} from 'node:buffer'

/**
 * What a node sends to a replica that asks for everything (wire.md 2.1 and 2.2), up to the end of the snapshot:
 *
 *     <one line per command before it> \n* +FULLRESYNC <id> <offset> \n* $<length> <bytes>
 *     or, if it does not know the length:                            \n* $EOF:<mark> <bytes> <mark>
 *
 * A bare newline says that the node is still at it. The mark is 40 characters that nobody can guess; nothing follows it.
 */
export type SnapshotEvent =
  /** A line in answer to a command: `+OK`, `-NOPERM ...`, `+FULLRESYNC ...`. */
  | {readonly kind: 'line'; readonly text: string}
  /** A bare newline. */
  | {readonly kind: 'alive'}
  /** The snapshot begins. `bytes` is undefined if the node does not know how many there are. */
  | {readonly kind: 'begin'; readonly bytes: number | undefined}
  /** Bytes of the snapshot; a view that is good until the next `push`. */
  | {readonly kind: 'data'; readonly bytes: Uint8Array}
  /** The snapshot is whole. What comes then is not looked at. */
  | {readonly kind: 'end'}

/** The bytes are not those of a node that sends a snapshot. */
export class SnapshotError extends Error {
  override readonly name = 'SnapshotError'
}

const NOTHING = Buffer.alloc(0)
const NEWLINE = 10
const LINE_MAX = 64 * 1024
const MARK_LENGTH = 40
const BULK = /^\$(?:(\d{1,16})|EOF:([!-~]{40}))$/

export class SnapshotReader {
  private state: 'lines' | 'length' | 'mark' | 'ended' = 'lines'
  /** The line so far, or the last bytes that may be the mark. */
  private held: Buffer = Buffer.alloc(0)
  private left = 0
  private mark: Buffer = Buffer.alloc(0)
  /** What follows in the chunk of the end; a view that is good until the next `push`. */
  rest: Uint8Array = NOTHING

  /** @param isLast - of a line: there is no snapshot after it. Default: there always is */
  constructor(private readonly isLast: (line: string) => boolean = () => false) {}

  /**
   * @returns what the chunk completes, in order
   * @throws {SnapshotError}
   */
  push(chunk: Uint8Array): SnapshotEvent[] {
    const events: SnapshotEvent[] = []
    const hasEnded = this.state === 'ended'
    let rest = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    while (rest.length > 0 && this.state === 'lines') {
      const end = rest.indexOf(NEWLINE)
      this.held = Buffer.concat([this.held, end < 0 ? rest : rest.subarray(0, end)])
      if (this.held.length > LINE_MAX) throw new SnapshotError('a line without end')
      if (end < 0) return events
      rest = rest.subarray(end + 1)
      const event = this.takeLine()
      events.push(event)
      if (this.isOver()) events.push(this.end())
      else if (event.kind === 'line' && this.isLast(event.text)) this.state = 'ended'
    }
    if (this.state === 'length' && rest.length > 0) {
      const bytes = rest.subarray(0, this.left)
      this.left -= bytes.length
      rest = rest.subarray(bytes.length)
      events.push({kind: 'data', bytes})
      if (this.isOver()) events.push(this.end())
    }
    if (this.state === 'mark' && rest.length > 0) {
      events.push(...this.passUpToMark(rest))
      rest = NOTHING
    }
    this.rest = this.state === 'ended' && !hasEnded ? rest : NOTHING
    return events
  }

  private takeLine(): SnapshotEvent {
    const text = this.held.toString().replace(/\r$/, '')
    this.held = Buffer.alloc(0)
    if (text === '') return {kind: 'alive'}
    if (!text.startsWith('$')) return {kind: 'line', text}
    const match = BULK.exec(text)
    if (!match) throw new SnapshotError(`not the head of a snapshot: ${JSON.stringify(text.slice(0, 80))}`)
    const [, length, mark] = match
    if (mark !== undefined) {
      this.state = 'mark'
      this.mark = Buffer.from(mark)
      return {kind: 'begin', bytes: undefined}
    }
    this.state = 'length'
    this.left = Number(length)
    return {kind: 'begin', bytes: this.left}
  }

  private isOver(): boolean {
    return this.state === 'length' && this.left === 0
  }

  private end(): SnapshotEvent {
    this.state = 'ended'
    return {kind: 'end'}
  }

  /** The last 40 bytes are held back until it is known whether they are the mark. */
  private passUpToMark(rest: Buffer): SnapshotEvent[] {
    const seen = Buffer.concat([this.held, rest])
    const cut = Math.max(0, seen.length - MARK_LENGTH)
    const data: SnapshotEvent[] = cut > 0 ? [{kind: 'data', bytes: seen.subarray(0, cut)}] : []
    this.held = Buffer.from(seen.subarray(cut))
    return this.held.equals(this.mark) ? [...data, this.end()] : data
  }
}
