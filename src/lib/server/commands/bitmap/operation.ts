import {Buffer} from 'node:buffer'
import type {Database} from '../../keyspace/database.js'
import {NOTIFY_GENERIC, NOTIFY_STRING} from '../../keyspace/notifications.js'
import {COPIED_BYTES_MAX, scratchText, scratchWith} from '../../keyspace/string-bytes.js'
import {ReplyError, SYNTAX_ERROR} from '../../reply-error.js'
import {type CommandContext, defineCommand} from '../command.js'
import type {Bytes} from './bits.js'
import {BITMAP} from './facts.js'

/** So much of every source is combined at once. */
const PIECE_BYTES = 64 * 1024

const piece = Buffer.alloc(PIECE_BYTES)
const pieceWords = new Int32Array(piece.buffer, piece.byteOffset, PIECE_BYTES / 4)

/** Puts a piece of the source into `piece`, with zero bytes behind its end. */
function loadPiece(source: Bytes, from: number, length: number): void {
  const there = Math.max(0, Math.min(length, source.length - from))
  if (typeof source === 'string') piece.write(source.slice(from, from + there), 0, 'latin1')
  else piece.set(source.bytes.subarray(from, from + there))
  piece.fill(0, there, (length + 3) & ~3)
}

/** Combines what `target` holds with `piece`, word by word: a byte at a time takes four times as long. */
function combine(operation: string, target: Int32Array, length: number): void {
  if (operation === 'and') for (let i = 0; i < length; i++) target[i]! &= pieceWords[i]!
  else if (operation === 'or') for (let i = 0; i < length; i++) target[i]! |= pieceWords[i]!
  else for (let i = 0; i < length; i++) target[i]! ^= pieceWords[i]!
}

const resultWords = new Int32Array(PIECE_BYTES / 4)
const result = new Uint8Array(resultWords.buffer)

/** Fills `into` from its start on; shorter sources count as zero-filled. */
function combineAll(operation: string, sources: readonly Bytes[], into: Uint8Array, length: number): void {
  for (let from = 0; from < length; from += PIECE_BYTES) {
    const bytes = Math.min(PIECE_BYTES, length - from)
    const words = (bytes + 3) >> 2
    loadPiece(sources[0]!, from, bytes)
    resultWords.set(pieceWords)
    if (operation === 'not') for (let i = 0; i < words; i++) resultWords[i] = ~resultWords[i]!
    for (let i = 1; i < sources.length; i++) {
      loadPiece(sources[i]!, from, bytes)
      combine(operation, resultWords, words)
    }
    into.set(result.subarray(0, bytes), from)
  }
}

function bitop({db, reply}: CommandContext, argv: string[]): void {
  const operation = argv[1]!.toLowerCase()
  const target = argv[2]!
  if (!['and', 'or', 'xor', 'not'].includes(operation)) throw new ReplyError(SYNTAX_ERROR)
  if (operation === 'not' && argv.length !== 4) {
    throw new ReplyError('ERR BITOP NOT must be called with a single source key.')
  }
  const sources = argv.slice(3).map((key) => db.getBytes(key) ?? '')
  const length = sources.reduce((longest, one) => Math.max(longest, one.length), 0)
  if (length === 0) {
    if (db.drop(target)) db.notify(NOTIFY_GENERIC, 'del', target)
    reply.integer(0)
    return
  }
  store(db, target, operation, sources, length)
  db.notify(NOTIFY_STRING, 'set', target)
  reply.integer(length)
}

/** A long one is kept as bytes until somebody wants its text. */
function store(db: Database, key: string, operation: string, sources: readonly Bytes[], length: number): void {
  if (length <= COPIED_BYTES_MAX) {
    combineAll(operation, sources, scratchWith('', length), length)
    db.set(key, scratchText(length))
    return
  }
  // Sources keep their bytes even where the target is one of them.
  db.set(key, '')
  combineAll(operation, sources, db.edit(key, length).bytes, length)
}

export const operationCommand = defineCommand({...BITMAP.bitop, run: bitop})
