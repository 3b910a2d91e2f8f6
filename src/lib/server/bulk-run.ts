/**
 * Runs of short bulk strings and other short replies, put together in one buffer: as strings, they would cost more to concatenate than to write.
 * One run at a time, from `beginRun` to `endRun` without a pause.
 */

const RUN = Buffer.allocUnsafeSlow(16 * 1024)
const SHORT_MAX = 64
/** A short bulk with its header, at most. */
const SHORT_BYTES = SHORT_MAX + 7

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
  let at = filled
  RUN[at++] = 0x24
  if (length >= 10) RUN[at++] = 0x30 + Math.floor(length / 10)
  RUN[at++] = 0x30 + (length % 10)
  RUN[at++] = 0x0d
  RUN[at++] = 0x0a
  for (let i = 0; i < length; i++) RUN[at++] = source.charCodeAt(start + i)
  RUN[at++] = 0x0d
  RUN[at++] = 0x0a
  filled = at
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
