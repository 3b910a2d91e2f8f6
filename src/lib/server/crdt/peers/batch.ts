import type {PeerEffects} from './effects.js'

/**
 * Effects on their way, one behind the other, each with its length before it (7 bits per byte, low ones first).
 *
 * From about a kilobyte on deflating pays.
 */
const DEFLATED_MIN = 1024
const LOW_BITS = 128

export function lengthText(length: number): string {
  let text = ''
  let rest = length
  while (rest >= LOW_BITS) {
    text += String.fromCharCode((rest % LOW_BITS) + LOW_BITS)
    rest = Math.floor(rest / LOW_BITS)
  }
  return text + String.fromCharCode(rest)
}

/** Bytes that are no batch of ours; `message` says why. */
export class BatchError extends Error {
  override readonly name = 'BatchError'
}

export interface Packed {
  /** Bytes before deflating; 0: as they are. */
  readonly rawLength: number
  readonly data: string
}

/** Packs what is sent. Several regions mostly get the same, one after the other: it is deflated once. */
export class Packer {
  private text = ''
  private level = 0
  private packed: Packed = {data: '', rawLength: 0}

  constructor(private readonly effects: Pick<PeerEffects, 'deflate'>) {}

  /** @param level - 0: as it is */
  pack(text: string, level: number): Packed {
    if (level === 0 || text.length < DEFLATED_MIN) return {data: text, rawLength: 0}
    if (level !== this.level || text !== this.text) {
      this.packed = {data: this.effects.deflate(text, level), rawLength: text.length}
      this.text = text
      this.level = level
    }
    return this.packed
  }
}

/** What was sent. @throws BatchError if it cannot be what `Packer` gave */
export function unpack({data, rawLength}: Packed, effects: Pick<PeerEffects, 'inflate'>): Buffer {
  if (rawLength === 0) return Buffer.from(data, 'latin1')
  if (!Number.isSafeInteger(rawLength) || rawLength < 0) throw new BatchError('it announces no length')
  try {
    return effects.inflate(data, rawLength)
  } catch (error) {
    throw new BatchError((error as Error).message)
  }
}

/** @returns binary strings of their own, in order @throws BatchError */
export function splitBatch(bytes: Buffer): string[] {
  const found: string[] = []
  let at = 0
  while (at < bytes.length) {
    let length = 0
    let unit = 1
    for (;;) {
      const byte = bytes[at++]
      if (byte === undefined || unit > 2 ** 42) throw new BatchError('a batch of effects that ends within a length')
      length += (byte % LOW_BITS) * unit
      if (byte < LOW_BITS) break
      unit *= LOW_BITS
    }
    if (at + length > bytes.length) throw new BatchError('a batch of effects that ends within an effect')
    found.push(bytes.toString('latin1', at, at + length))
    at += length
  }
  return found
}
