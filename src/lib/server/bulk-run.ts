/**
 * Runs of short bulk strings and other short replies, put together in one buffer: as strings, they would cost more to concatenate than to write.
 * One run at a time, from `beginRun` to `endRun` without a pause.
 */

const RUN = Buffer.allocUnsafeSlow(16 * 1024)
const VIEW = new DataView(RUN.buffer)
const SHORT_MAX = 64
/** A short bulk with its header, at most. */
const SHORT_BYTES = SHORT_MAX + 7
/** What `addBytesToRun` may read behind a text. */
export const READ_BEYOND_BYTES = 3

interface Output {
  out: string
}

let filled = 0

export function beginRun(): void {
  filled = 0
}

/** Adds the bulk string that stands in `source` from `start` on. */
export function addToRun(output: Output, source: string, start: number, length: number): void {
  if (length > SHORT_MAX) {
    endRun(output)
    output.out += `$${length}\r\n${source.slice(start, start + length)}\r\n`
    return
  }
  if (filled + SHORT_BYTES > RUN.length) endRun(output)
  let at = writeHead(filled, length)
  for (let i = 0; i < length; i++) RUN[at++] = source.charCodeAt(start + i)
  RUN[at++] = 0x0d
  RUN[at++] = 0x0a
  filled = at
}

/**
 * As `addToRun` for 0..SHORT_MAX bytes. They are copied four at a time, a third of the cost of one by one: up to
 * READ_BEYOND_BYTES behind them are read too, and written where the next bytes go.
 */
export function addBytesToRun(output: Output, source: DataView, start: number, length: number): void {
  if (filled + SHORT_BYTES > RUN.length) endRun(output)
  const at = writeHead(filled, length)
  const end = at + length
  for (let from = start, to = at; to < end; from += 4, to += 4) VIEW.setInt32(to, source.getInt32(from))
  RUN[end] = 0x0d
  RUN[end + 1] = 0x0a
  filled = end + 2
}

/** @param length - 0..SHORT_MAX @returns where the bytes go */
function writeHead(from: number, length: number): number {
  let at = from
  RUN[at++] = 0x24
  if (length >= 10) RUN[at++] = 0x30 + Math.floor(length / 10)
  RUN[at++] = 0x30 + (length % 10)
  RUN[at++] = 0x0d
  RUN[at++] = 0x0a
  return at
}

/** Adds what is a reply already: heads of arrays, integers. At most 4096 bytes. */
export function addReplyToRun(output: Output, reply: string): void {
  const {length} = reply
  if (filled + length > RUN.length) endRun(output)
  for (let i = 0; i < length; i++) RUN[filled + i] = reply.charCodeAt(i)
  filled += length
}

export function endRun(output: Output): void {
  if (filled === 0) return
  output.out += RUN.toString('latin1', 0, filled)
  filled = 0
}
