/** Buffer's faster methods, which its types leave out. */
interface Room extends Uint8Array {
  latin1Write(text: string, at: number, length: number): number
  latin1Slice(start: number, end: number): string
}

/** Up to here a loop is faster than a call. */
const LOOP_MAX = 96
/** Of each room: it has to be made in the midst of the work. */
const ROOM_BYTES = 1 << 18

function makeRoom(): Room {
  return Buffer.allocUnsafeSlow(ROOM_BYTES) as unknown as Room
}

/**
 * Texts one behind the other as bytes, the first in goes first. Offsets only grow: they count all bytes that ever came.
 *
 * They are in rooms of one size, so that a ring that grows to hundreds of megabytes never has to move what it holds.
 */
export class TextRing {
  private rooms: Room[] = []
  /** The offset at which the first room begins. */
  private base = 0
  private first = 0
  private behind = 0
  /** The last one that was left: it will be the next that is needed. */
  private spare: Room | undefined

  /** @returns its offset */
  push(text: string): number {
    const {length} = text
    const behind = this.take(length)
    for (let done = 0; done < length; ) {
      const {count, place, room} = this.placeAt(behind + done, length - done)
      room.latin1Write(count === length ? text : text.slice(done, done + count), place, count)
      done += count
    }
    return behind
  }

  /** @returns its offset @param bytes - of which the first `length` are the text */
  pushBytes(bytes: Uint8Array, length: number): number {
    const behind = this.take(length)
    for (let done = 0; done < length; ) {
      const {count, place, room} = this.placeAt(behind + done, length - done)
      if (count > LOOP_MAX) room.set(bytes.subarray(done, done + count), place)
      else for (let i = 0; i < count; i++) room[place + i] = bytes[done + i]!
      done += count
    }
    return behind
  }

  /** @returns the offset from which there is room for so many bytes now */
  private take(length: number): number {
    const {behind} = this
    this.behind = behind + length
    while (this.rooms.length * ROOM_BYTES < this.behind - this.base) {
      this.rooms.push(this.spare ?? makeRoom())
      this.spare = undefined
    }
    return behind
  }

  /** Where the byte at an offset is, and how many of those from there on are in the same room. */
  private placeAt(offset: number, length: number): {room: Room; place: number; count: number} {
    const at = offset - this.base
    const index = Math.floor(at / ROOM_BYTES)
    const place = at - index * ROOM_BYTES
    return {count: Math.min(length, ROOM_BYTES - place), place, room: this.rooms[index]!}
  }

  read(offset: number, length: number): string {
    let text = ''
    while (text.length < length) {
      const {count, place, room} = this.placeAt(offset + text.length, length - text.length)
      text += room.latin1Slice(place, place + count)
    }
    return text
  }

  /** The oldest text goes. */
  shift(length: number): void {
    this.first += length
    while (this.first - this.base >= ROOM_BYTES) {
      this.spare = this.rooms.shift()
      this.base += ROOM_BYTES
    }
  }

  /** Gives back what is not in use. */
  fit(): void {
    this.spare = undefined
  }
}
