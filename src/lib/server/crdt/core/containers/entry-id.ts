import {type Int64, normalInt64} from '../../../../kernel/uint64.js'
import type {StreamId} from '../../../../protocol/stream-id.js'
import type {Decoder} from '../decoder.js'
import type {Encoder} from '../encoder.js'

export function parseEntryId(text: string): StreamId {
  const dash = text.indexOf('-')
  return {ms: int64(text.slice(0, dash)), seq: int64(text.slice(dash + 1))}
}

function int64(digits: string): Int64 {
  const value = Number(digits)
  return Number.isSafeInteger(value) ? value : normalInt64(BigInt(digits))
}

/** Beyond 2^53 a number is its digits behind a zero: what others are is written plus one. */
export function encodeEntryId(encoder: Encoder, {ms, seq}: StreamId): void {
  encodeInt64(encoder, ms)
  encodeInt64(encoder, seq)
}

function encodeInt64(encoder: Encoder, value: Int64): void {
  if (typeof value === 'number' && value < Number.MAX_SAFE_INTEGER) {
    encoder.varint(value + 1)
    return
  }
  encoder.varint(0)
  encoder.text(String(value))
}

export function decodeEntryId(decoder: Decoder): StreamId {
  return {ms: decodeInt64(decoder), seq: decodeInt64(decoder)}
}

function decodeInt64(decoder: Decoder): Int64 {
  const value = decoder.varint()
  if (value > 0) return value - 1
  const digits = decoder.text()
  if (!/^\d{16,20}$/.test(digits) || BigInt(digits) >= 2n ** 64n) decoder.fail('has no entry id')
  return int64(digits)
}
