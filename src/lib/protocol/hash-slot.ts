import {crc16} from './crc16.js'

/**
 * The hash slot of a key: CRC16 of the key, or of its hash tag, modulo 16384.
 *
 * The tag is what stands between the first `{` and the next `}` if that is not empty.
 *
 * @param key - a binary (latin1) string
 */
export function hashSlot(key: string): number {
  const open = key.indexOf('{')
  if (open >= 0) {
    const close = key.indexOf('}', open + 1)
    if (close > open + 1) return crc16(key, open + 1, close) & 16383
  }
  return crc16(key) & 16383
}
