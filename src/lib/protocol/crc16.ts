/** CRC-16/XMODEM (polynomial 0x1021, initial 0), the hash behind Redis Cluster's slots. */

const TABLE = new Uint16Array(256)
for (let byte = 0; byte < 256; byte++) {
  let crc = byte << 8
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1
  TABLE[byte] = crc & 0xffff
}

/** @param text - a binary (latin1) string: each character is one byte; `[start, end)` is hashed */
export function crc16(text: string, start = 0, end = text.length): number {
  let crc = 0
  for (let i = start; i < end; i++) {
    crc = ((crc << 8) & 0xffff) ^ (TABLE[((crc >>> 8) ^ text.charCodeAt(i)) & 0xff] as number)
  }
  return crc
}
