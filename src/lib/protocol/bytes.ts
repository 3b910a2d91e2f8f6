import {Buffer} from 'node:buffer'

/** Node's Buffer has these; its types do not say so. Cheaper than `toString('latin1')` and `write`. */
export interface Bytes extends Buffer {
  latin1Slice(start: number, end: number): string
  latin1Write(text: string, offset: number, length: number): number
}

/** With memory of their own, which is not cleared. */
export function newBytes(size: number): Bytes {
  return Buffer.allocUnsafeSlow(size) as unknown as Bytes
}

/** The longest string V8 makes. */
export const TEXT_LENGTH_MAX = 2 ** 29 - 24
