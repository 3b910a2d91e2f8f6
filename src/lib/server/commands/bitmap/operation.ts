import {Buffer} from 'node:buffer'
import type {Database} from '../../keyspace/database.js'
import {NOTIFY_GENERIC, NOTIFY_STRING} from '../../keyspace/notifications.js'
import {ReplyError, SYNTAX_ERROR} from '../../reply-error.js'
import {type CommandContext, defineCommand} from '../command.js'
import {BITMAP} from './facts.js'

/** Their own bytes, or a copy where the string is held as one. */
function bytesOf(db: Database, key: string): Uint8Array {
  const held = db.getBytes(key)
  if (held === undefined) return Buffer.alloc(0)
  return typeof held === 'string' ? Buffer.from(held, 'latin1') : held.bytes.subarray(0, held.length)
}

/** Writes into `into`, which is as long as the longest and holds the first already; shorter ones count as zero-filled. */
function combine(operation: string, into: Uint8Array, others: readonly Uint8Array[]): void {
  for (const other of others) {
    const {length} = other
    if (operation === 'and') {
      for (let i = 0; i < length; i++) into[i]! &= other[i]!
      into.fill(0, length)
    } else if (operation === 'or') {
      for (let i = 0; i < length; i++) into[i]! |= other[i]!
    } else {
      for (let i = 0; i < length; i++) into[i]! ^= other[i]!
    }
  }
}

/** Eight bytes at a time where all allow it: a byte at a time a megabyte takes a millisecond and more. */
function combineInWords(operation: string, into: Uint8Array, others: readonly Uint8Array[]): void {
  const wordsOf = (bytes: Uint8Array): Int32Array => {
    const aligned = (bytes.byteOffset & 3) === 0 ? bytes : Uint8Array.from(bytes)
    return new Int32Array(aligned.buffer, aligned.byteOffset, bytes.length >> 2)
  }
  const target = wordsOf(into)
  for (const other of others) {
    const words = wordsOf(other)
    const {length} = words
    if (operation === 'and') for (let i = 0; i < length; i++) target[i]! &= words[i]!
    else if (operation === 'or') for (let i = 0; i < length; i++) target[i]! |= words[i]!
    else for (let i = 0; i < length; i++) target[i]! ^= words[i]!
  }
}

function bitop({db, reply}: CommandContext, argv: string[]): void {
  const operation = argv[1]!.toLowerCase()
  const target = argv[2]!
  if (!['and', 'or', 'xor', 'not'].includes(operation)) throw new ReplyError(SYNTAX_ERROR)
  if (operation === 'not' && argv.length !== 4) {
    throw new ReplyError('ERR BITOP NOT must be called with a single source key.')
  }
  const sources = argv.slice(3).map((key) => bytesOf(db, key))
  const length = sources.reduce((longest, one) => Math.max(longest, one.length), 0)
  if (length === 0) {
    if (db.drop(target)) db.notify(NOTIFY_GENERIC, 'del', target)
    reply.integer(0)
    return
  }
  db.set(target, resultOf(operation, sources, length))
  db.notify(NOTIFY_STRING, 'set', target)
  reply.integer(length)
}

function resultOf(operation: string, sources: readonly Uint8Array[], length: number): string {
  const result = Buffer.alloc(length)
  result.set(sources[0]!)
  const others = sources.slice(1)
  if (operation === 'not') {
    for (let i = 0; i < length; i++) result[i] = ~result[i]!
  } else if (sources.every((one) => one.length === length && length % 4 === 0)) {
    combineInWords(operation, result, others)
  } else {
    combine(operation, result, others)
  }
  return result.toString('latin1')
}

export const operationCommand = defineCommand({...BITMAP.bitop, run: bitop})
