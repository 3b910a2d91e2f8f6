import type {Dot} from './api.js'
import {actorOf, sequenceOf} from './dot.js'

const FIRST_ROOM = 1024
/** What stays allocated between two uses. */
const KEPT_ROOM_MAX = 1 << 20
/** Buffer's faster methods, which its types leave out. */
interface Room extends Uint8Array {
  latin1Write(text: string, at: number, length: number): number
  latin1Slice(start: number, end: number): string
}

function roomOf(length: number): Room {
  return Buffer.allocUnsafeSlow((length + 3) & ~3) as unknown as Room
}

/** Up to here a loop is faster than a call of Buffer's. */
const LOOP_MAX = 24
const TWO_28 = 2 ** 28

const double = new Float64Array(1)
const doubleBytes = new Uint8Array(double.buffer)

/**
 * Bytes of effects and states. Numbers are varints, 7 bits per byte, lowest first; texts have their length before them.
 *
 * Actors are named by their places in a table that stands at the head of what is encoded: `places`, index -> place.
 */
export class Encoder {
  places: number[] = []
  private room = roomOf(FIRST_ROOM)
  /** The same memory. */
  private roomWords = new Int32Array(this.room.buffer)
  private used = 0

  /** Bytes so far. */
  get length(): number {
    return this.used
  }

  byte(value: number): void {
    if (this.used === this.room.length) this.grow(1)
    this.room[this.used++] = value
  }

  /** @param value - 0..2^53-1 */
  varint(value: number): void {
    if (this.used + 8 > this.room.length) this.grow(8)
    const {room} = this
    if (value < 128) {
      room[this.used++] = value
      return
    }
    let rest = value
    if (value > 0x7fff_ffff) {
      // Bits are of 32-bit numbers: the lowest 28, then the rest.
      rest = Math.floor(value / TWO_28)
      let low = value - rest * TWO_28
      for (let i = 0; i < 4; i++) {
        room[this.used++] = (low & 127) | 0x80
        low >>>= 7
      }
    }
    while (rest > 127) {
      room[this.used++] = (rest & 127) | 0x80
      rest >>>= 7
    }
    room[this.used++] = rest
  }

  /** @param value - an integer, less than 2^52 from zero */
  signed(value: number): void {
    this.varint(value < 0 ? -value * 2 - 1 : value * 2)
  }

  double(value: number): void {
    double[0] = value
    if (this.used + 8 > this.room.length) this.grow(8)
    for (let i = 0; i < 8; i++) this.room[this.used++] = doubleBytes[i]!
  }

  text(text: string): void {
    this.varint(text.length)
    this.raw(text)
  }

  /** A text whose length is known from elsewhere. */
  raw(text: string): void {
    const {length} = text
    if (this.used + length > this.room.length) this.grow(length)
    const {room, used} = this
    if (length > LOOP_MAX) room.latin1Write(text, used, length)
    else for (let i = 0; i < length; i++) room[used + i] = text.charCodeAt(i)
    this.used = used + length
  }

  actor(actor: number): void {
    this.varint(this.places[actor]!)
  }

  dot(dot: Dot): void {
    this.varint(this.places[actorOf(dot)]!)
    this.varint(sequenceOf(dot))
  }

  /** Of which `length` are in use. */
  get bytes(): Uint8Array {
    return this.room
  }

  /** The same, four by four. */
  get words(): Int32Array {
    return this.roomWords
  }

  /** All of it. */
  whole(): string {
    return this.room.latin1Slice(0, this.used)
  }

  /** Ends: @returns all of it */
  take(): string {
    const text = this.whole()
    this.clear()
    return text
  }

  /** Ends, and what was encoded is of no use. */
  clear(): void {
    this.used = 0
    if (this.room.length > KEPT_ROOM_MAX) this.use(roomOf(FIRST_ROOM))
  }

  /** Back to nothing, or to an earlier `length`. */
  cut(length = 0): void {
    this.used = length
  }

  private grow(count: number): void {
    const grown = roomOf(Math.max(this.room.length * 2, this.used + count))
    grown.set(this.room.subarray(0, this.used))
    this.use(grown)
  }

  private use(room: Room): void {
    this.room = room
    this.roomWords = new Int32Array(room.buffer)
  }
}
