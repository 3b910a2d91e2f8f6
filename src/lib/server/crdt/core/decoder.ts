import {ownString} from '../../../kernel/own-string.js'
import type {Dot} from './api.js'
import {CrdtError} from './crdt-error.js'
import {dotOf, SEQUENCE_LIMIT} from './dot.js'

const double = new Float64Array(1)
const doubleBytes = new Uint8Array(double.buffer)

/** Reads what `Encoder` wrote. Every method throws CrdtError where the bytes end too early or mean nothing. */
export class Decoder {
  /** Place in the table at the head -> index of the actor at this node. */
  actors: readonly number[] = []
  /** Beside it in a slot's state: the sequence up to which there can be writes. */
  limits: readonly number[] | undefined = undefined

  constructor(
    private readonly bytes: string,
    private at = 0,
  ) {}

  get isAtEnd(): boolean {
    return this.at >= this.bytes.length
  }

  get position(): number {
    return this.at
  }

  /** Reads on from there. */
  goTo(position: number): void {
    this.at = position
  }

  byte(): number {
    if (this.at >= this.bytes.length) this.fail('ends too early')
    return this.bytes.charCodeAt(this.at++)
  }

  /** @returns 0..2^53-1 */
  varint(): number {
    let byte = this.byte()
    if (byte < 128) return byte
    let value = byte & 127
    let unit = 128
    for (;;) {
      byte = this.byte()
      value += (byte & 127) * unit
      if (byte < 128) break
      unit *= 128
      if (unit > 2 ** 49) this.fail('has a number of more than 8 bytes')
    }
    if (value > Number.MAX_SAFE_INTEGER) this.fail('has a number beyond 2^53')
    return value
  }

  signed(): number {
    const value = this.varint()
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }

  /** How many of something follow; each of them takes a byte or more. */
  count(): number {
    const count = this.varint()
    if (count > this.bytes.length - this.at) this.fail('ends too early')
    return count
  }

  double(): number {
    if (this.at + 8 > this.bytes.length) this.fail('ends too early')
    for (let i = 0; i < 8; i++) doubleBytes[i] = this.bytes.charCodeAt(this.at++)
    return double[0]!
  }

  /** A string of its own, which may be kept. */
  text(): string {
    return this.raw(this.varint())
  }

  /** Good for looking up; kept, it would keep all of the bytes. */
  passingText(): string {
    const length = this.varint()
    const end = this.at + length
    if (end > this.bytes.length) this.fail('ends too early')
    const text = this.bytes.slice(this.at, end)
    this.at = end
    return text
  }

  skipText(): void {
    const length = this.varint()
    if (length > this.bytes.length - this.at) this.fail('ends too early')
    this.at += length
  }

  raw(length: number): string {
    const end = this.at + length
    if (end > this.bytes.length) this.fail('ends too early')
    const text = ownString(this.bytes.slice(this.at, end))
    this.at = end
    return text
  }

  /** @returns its index at this node */
  actor(): number {
    const actor = this.actors[this.varint()]
    if (actor === undefined) this.fail('names an actor that is not in its table')
    return actor
  }

  dot(): Dot {
    const place = this.varint()
    const actor = this.actors[place]
    if (actor === undefined) this.fail('names an actor that is not in its table')
    const sequence = this.sequence()
    if (this.limits !== undefined && sequence > this.limits[place]!) this.fail('has a write that its vector lacks')
    return dotOf(actor, sequence)
  }

  sequence(): number {
    const sequence = this.varint()
    if (sequence >= SEQUENCE_LIMIT) this.fail('has a sequence beyond 2^37')
    return sequence
  }

  /** @throws CrdtError always */
  fail(what: string): never {
    throw new CrdtError(`${what} at byte ${this.at}`)
  }
}
