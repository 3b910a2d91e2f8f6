/** Buffer's faster methods, which its types leave out. */
interface Room extends Uint8Array {
  latin1Write(text: string, at: number, length: number): number
  latin1Slice(start: number, end: number): string
}

function roomOf(length: number): Room {
  return Buffer.allocUnsafeSlow(length) as unknown as Room
}

/** A power of 2, as all sizes are. */
const ROOM_MIN = 1 << 16

/** `offset % size`, which is slow beyond 2^31. */
function placeIn(size: number, offset: number): number {
  return offset - Math.floor(offset / size) * size
}

/** Texts one behind the other as bytes, the first in goes first. Offsets only grow: they count all bytes that ever came. */
export class TextRing {
  private room = roomOf(ROOM_MIN)
  private first = 0
  private behind = 0

  /** @returns its offset */
  push(text: string): number {
    const {length} = text
    if (this.behind - this.first + length > this.room.length) this.move(this.behind - this.first + length)
    const {behind, room} = this
    const at = placeIn(room.length, behind)
    const untilEnd = room.length - at
    if (length <= untilEnd) room.latin1Write(text, at, length)
    else {
      room.latin1Write(text.slice(0, untilEnd), at, untilEnd)
      room.latin1Write(text.slice(untilEnd), 0, length - untilEnd)
    }
    this.behind = behind + length
    return behind
  }

  read(offset: number, length: number): string {
    const {room} = this
    const at = placeIn(room.length, offset)
    const end = at + length
    if (end <= room.length) return room.latin1Slice(at, end)
    return room.latin1Slice(at, room.length) + room.latin1Slice(0, end - room.length)
  }

  /** The oldest text goes. */
  shift(length: number): void {
    this.first += length
  }

  clear(): void {
    this.first = this.behind
    this.fit()
  }

  /** Gives back room of which little is in use. */
  fit(): void {
    const used = this.behind - this.first
    if (this.room.length > ROOM_MIN && used < this.room.length / 4) this.move(used)
  }

  /** To a room for `length` bytes and more. */
  private move(length: number): void {
    let size = ROOM_MIN
    while (size < length) size *= 2
    const before = this.room
    const room = roomOf(size)
    for (let offset = this.first; offset < this.behind; ) {
      const [from, to] = [placeIn(before.length, offset), placeIn(size, offset)]
      const count = Math.min(this.behind - offset, before.length - from, size - to)
      room.set(before.subarray(from, from + count), to)
      offset += count
    }
    this.room = room
  }
}
