import {renderCommandDocs} from '../../../src/lib/cli/render/command-docs.js'
import {renderRawReply, renderReply} from '../../../src/lib/cli/render/reply.js'
import {ReplyReader, type WireReply} from '../../../src/lib/client/migration/reply-reader.js'
import {CliError} from '../../../src/lib/kernel/errors.js'
import type {Rng} from '../../../src/lib/kernel/rng.js'
import {ReplyParser, ReplySyntaxError} from '../../../src/lib/protocol/resp/reply-parser.js'
import {type ProtocolLimits, RequestParser} from '../../../src/lib/protocol/resp/request-parser.js'
import {encodeRequest} from '../../support/raw-resp.js'
import {elements} from '../corpus/packed.js'
import {chunksOf, extremeDecimal, mutated, randomBytes} from '../mutate.js'
import {attempt, type FuzzTarget, must, mustEqual} from '../target.js'

/** Requests as the node reads them, replies as the tools do: however the bytes are cut, the same must come of them. */

/** No less than the configuration permits. */
const LIMITS: readonly ProtocolLimits[] = [
  {bulkBytesMax: 1024 * 1024, requestBytesMax: 8 * 1024 * 1024},
  {bulkBytesMax: 512 * 1024 * 1024, requestBytesMax: 1024 * 1024},
]
const INLINE = [
  'PING',
  'SET k "a\\x41 b"',
  "GET 'it\\'s'",
  'ECHO "open',
  'a"b"',
  'a "b"c',
  '',
  '   ',
  '\0',
  '"\\',
  "'\\",
]

function multibulk(rng: Rng): string {
  const argv = ['GET', ...elements(rng, rng.below(5))]
  if (rng.chance(0.8)) return encodeRequest(argv)
  return `*${rng.chance(0.5) ? extremeDecimal(rng) : argv.length}\r\n${argv
    .map((word) => `$${rng.chance(0.3) ? extremeDecimal(rng) : word.length}\r\n${word}\r\n`)
    .join('')}`
}

function requests(rng: Rng): string {
  let text = ''
  for (let left = 1 + rng.below(4); left > 0; left--) {
    const kind = rng.below(20)
    if (kind < 14) text += multibulk(rng)
    else if (kind < 19) text += `${rng.pick(INLINE)}${rng.pick(['\n', '\r\n', '\r', ''])}`
    else text += rng.chance(0.05) ? `${rng.pick(['x', '*1', '$', '*'])}${'1'.repeat(66_000)}` : randomBytes(rng, 20)
  }
  return rng.chance(0.5) ? text : mutated(rng, text, [multibulk(rng)])
}

interface Parsed {
  readonly requests: string[][]
  readonly error: string | undefined
  readonly pending: number
}

function parse(chunks: readonly Buffer[], limits: ProtocolLimits, trusted: boolean): Parsed {
  const parser = new RequestParser(limits)
  parser.trusted = trusted
  const found: string[][] = []
  // As the socket does it: one buffer for all chunks.
  const shared = Buffer.from(new Uint8Array(Math.max(1, ...chunks.map(({length}) => length))))
  for (const chunk of chunks) {
    shared.set(chunk)
    parser.feed(shared, chunk.length)
    for (let argv = parser.next(); argv !== undefined; argv = parser.next()) {
      must(argv.length > 0, 'an empty request')
      found.push(argv)
    }
    parser.keep()
    shared.fill(0xaa)
  }
  return {error: parser.error, pending: parser.pendingBytes, requests: found}
}

export const requestTarget: FuzzTarget = {
  name: 'resp-request',
  share: 20,
  open: () => ({
    make: requests,
    run(input, rng) {
      const bytes = Buffer.from(input, 'latin1')
      const [limits, trusted] = [rng.pick(LIMITS), rng.chance(0.8)]
      const whole = parse([bytes], limits, trusted)
      const cut = parse(chunksOf(rng, bytes), limits, trusted)
      // What is too long a line depends on how much of it is there.
      if (input.length < 64 * 1024) {
        mustEqual(cut.requests, whole.requests, 'cut, the requests')
        must(cut.error === whole.error, `cut: ${cut.error}, whole: ${whole.error}`)
        if (whole.error === undefined) must(cut.pending === whole.pending, 'cut, another rest')
      }
      const again = parse([Buffer.from(whole.requests.map(encodeRequest).join(''), 'latin1')], LIMITS[0]!, true)
      mustEqual(again.requests, whole.requests, 'encoded again')
      return whole.error === undefined
    },
  }),
}

function reply(rng: Rng, depth: number): string {
  switch (rng.below(depth > 2 ? 5 : 8)) {
    case 0:
      return `+${rng.hex(rng.below(9))}\r\n`
    case 1:
      return `-ERR ${rng.hex(4)}\r\n`
    case 2:
      return `:${rng.chance(0.3) ? extremeDecimal(rng) : rng.below(1000)}\r\n`
    case 3:
      return rng.pick([
        '$-1\r\n',
        '*-1\r\n',
        '*0\r\n',
        '$0\r\n\r\n',
        '_\r\n',
        '#t\r\n',
        ',1.5\r\n',
        '%1\r\n+a\r\n:1\r\n',
      ])
    case 4:
    case 5: {
      const [text] = elements(rng, 1) as [string]
      return `$${rng.chance(0.05) ? extremeDecimal(rng) : text.length}\r\n${text}\r\n`
    }
    default: {
      const items = Array.from({length: rng.below(4)}, () => reply(rng, depth + 1))
      return `*${rng.chance(0.05) ? extremeDecimal(rng) : items.length}\r\n${items.join('')}`
    }
  }
}

function replies(rng: Rng): string {
  const text = Array.from({length: 1 + rng.below(4)}, () => reply(rng, 0)).join('')
  if (rng.chance(0.01)) return '*1\r\n'.repeat(rng.below(3000))
  return rng.chance(0.5) ? text : mutated(rng, text)
}

interface Read<R> {
  readonly replies: R[]
  readonly isRefused: boolean
}

interface Reader<R> {
  push(chunk: Buffer): void
  next(): R | undefined
}

function read<R>(
  reader: Reader<R>,
  refusal: typeof CliError | typeof ReplySyntaxError,
  chunks: readonly Buffer[],
): Read<R> {
  const found: R[] = []
  for (const chunk of chunks) {
    reader.push(chunk)
    const isFine = attempt(() => {
      for (let one = reader.next(); one !== undefined; one = reader.next()) found.push(one)
      return true
    }, refusal)
    if (!isFine) return {isRefused: true, replies: found}
  }
  return {isRefused: false, replies: found}
}

export const replyTarget: FuzzTarget = {
  name: 'resp-reply',
  share: 12,
  open: () => ({
    make: replies,
    run(input, rng) {
      const bytes = Buffer.from(input, 'latin1')
      const whole = read<WireReply>(new ReplyReader(), CliError, [bytes])
      mustEqual(read(new ReplyReader(), CliError, chunksOf(rng, bytes)), whole, 'cut, the replies')
      const shown = read(new ReplyParser(), ReplySyntaxError, [bytes])
      mustEqual(read(new ReplyParser(), ReplySyntaxError, chunksOf(rng, bytes)), shown, 'cut, the replies to be shown')
      for (const each of shown.replies) {
        renderReply(each)
        renderRawReply(each)
        renderCommandDocs(each)
      }
      return !whole.isRefused
    },
  }),
}
