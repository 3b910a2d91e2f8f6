import {type ChunkCursor, INCOMPLETE} from './chunk-cursor.js'
import {RdbError} from './reader.js'
import type {Part} from './shape.js'

/** Tags of a module's parts: 1 and 2 integers, 3 float, 4 double, 5 string. */
const MODULE_PARTS: readonly (Part | undefined)[] = [undefined, 'length', 'length', 4, 8, 'string']

/** `left` rounds of `parts` to go, the first of which goes on at `part`. */
interface Frame {
  readonly parts: readonly Part[]
  part: number
  left: number
}

/**
 * Finds where a value ends, however it is cut into chunks. A stack of frames is kept between chunks, so that no element
 * is looked at twice, however small the chunks.
 */
export class PartSkipper {
  private readonly frames: Frame[] = []
  /** Bytes of the current part that are still to be skipped. */
  skipping = 0

  constructor(private readonly cursor: ChunkCursor) {}

  begin(parts: readonly Part[]): void {
    this.frames.push({parts, part: 0, left: 1})
  }

  /**
   * Goes on to the end of what was begun.
   *
   * @throws INCOMPLETE, with all that was done kept
   */
  skip(): void {
    const {cursor, frames} = this
    for (;;) {
      const available = Math.min(this.skipping, cursor.left)
      cursor.at += available
      this.skipping -= available
      if (this.skipping > 0) throw INCOMPLETE
      const frame = frames.at(-1)
      if (!frame) return
      if (frame.left === 0) {
        frames.pop()
        continue
      }
      const part = frame.parts[frame.part] as Part
      const start = cursor.at
      try {
        this.skipPart(frame, part)
      } catch (error) {
        cursor.at = start
        throw error
      }
    }
  }

  private skipPart(frame: Frame, part: Part): void {
    const {cursor, frames} = this
    if (typeof part === 'object') {
      const left = cursor.length()
      this.advance(frame)
      frames.push({parts: part.each, part: 0, left})
      return
    }
    if (part === 'module') {
      const tag = cursor.length()
      const tagged = MODULE_PARTS[tag]
      if (tagged !== undefined) frames.push({parts: [tagged], part: 0, left: 1})
      else if (tag === 0) this.advance(frame)
      else throw new RdbError(`unknown tag ${tag} in a module's value at ${cursor.offset}`)
      return
    }
    if (part === 'string') this.skipping = cursor.stringBody()
    else if (part === 'length') cursor.length()
    else if (part === 'old-double') this.skipping = oldDoubleBytes(cursor.byte())
    else this.skipping = part
    this.advance(frame)
  }

  private advance(frame: Frame): void {
    frame.part++
    if (frame.part < frame.parts.length) return
    frame.part = 0
    frame.left--
  }
}

/** 253, 254 and 255 stand for NaN and the infinities. */
function oldDoubleBytes(first: number): number {
  return first >= 253 ? 0 : first
}
