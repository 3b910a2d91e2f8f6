/** Buffer's faster methods, which its types leave out. */
interface Room extends Uint8Array {
  latin1Write(text: string, at: number, length: number): number
  latin1Slice(start: number, end: number): string
}

/** Up to here a loop is faster than a call. */
const LOOP_WORDS_MAX = 64
/** Of each room: it has to be made in the midst of the work. */
const ROOM_BYTES = 1 << 18

/** Texts begin at multiples of 4: copied so, they cost a third. */
function roundedUp(length: number): number {
  return length + (-length & 3)
}

class Space {
  readonly room = Buffer.allocUnsafeSlow(ROOM_BYTES) as unknown as Room
  readonly words = new Int32Array(this.room.buffer)
}

/**
 * Texts one behind the other as bytes, the first in goes first. Offsets only grow: they count all bytes that ever came.
 *
 * They are in spaces of one size, so that a ring that grows to hundreds of megabytes never has to move what it holds.
 */
export class TextRing {
  private spaces: Space[] = []
  /** The offset at which the first space begins. */
  private base = 0
  private first = 0
  private behind = 0
  /** The last one that was left: it will be the next that is needed. */
  private spare: Space | undefined

  /** @returns its offset */
  push(text: string): number {
    const {length} = text
    const behind = this.take(length)
    for (let done = 0; done < length; ) {
      const {count, place, space} = this.placeAt(behind + done, length - done)
      space.room.latin1Write(count === length ? text : text.slice(done, done + count), place, count)
      done += count
    }
    return behind
  }

  /** @returns its offset @param words - of whose bytes the first `length` are the text */
  pushWords(words: Int32Array, length: number): number {
    const behind = this.take(length)
    const wordCount = (length + 3) >>> 2
    for (let done = 0; done < wordCount; ) {
      const {count, place, space} = this.placeAt(behind + done * 4, (wordCount - done) * 4)
      const [first, copied] = [place >>> 2, count >>> 2]
      if (copied > LOOP_WORDS_MAX) space.words.set(words.subarray(done, done + copied), first)
      else for (let i = 0; i < copied; i++) space.words[first + i] = words[done + i]!
      done += copied
    }
    return behind
  }

  /** @returns the offset from which there is room for so many bytes now */
  private take(length: number): number {
    const {behind} = this
    this.behind = behind + roundedUp(length)
    while (this.spaces.length * ROOM_BYTES < this.behind - this.base) {
      this.spaces.push(this.spare ?? new Space())
      this.spare = undefined
    }
    return behind
  }

  /** Where the byte at an offset is, and how many of those from there on are in the same space. */
  private placeAt(offset: number, length: number): {space: Space; place: number; count: number} {
    const at = offset - this.base
    const index = Math.floor(at / ROOM_BYTES)
    const place = at - index * ROOM_BYTES
    return {count: Math.min(length, ROOM_BYTES - place), place, space: this.spaces[index]!}
  }

  read(offset: number, length: number): string {
    let text = ''
    while (text.length < length) {
      const {count, place, space} = this.placeAt(offset + text.length, length - text.length)
      text += space.room.latin1Slice(place, place + count)
    }
    return text
  }

  /** The oldest text goes. */
  shift(length: number): void {
    this.first += roundedUp(length)
    while (this.first - this.base >= ROOM_BYTES) {
      this.spare = this.spaces.shift()
      this.base += ROOM_BYTES
    }
  }

  /** Gives back what is not in use. */
  fit(): void {
    this.spare = undefined
  }
}
