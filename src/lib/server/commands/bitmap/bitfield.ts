import {parseInt64, requireInt64} from '../../arguments.js'
import {NOTIFY_STRING} from '../../keyspace/notifications.js'
import {ReplyError, SYNTAX_ERROR} from '../../reply-error.js'
import type {Server} from '../../server.js'
import {type Command, type CommandContext, defineCommand} from '../command.js'
import {edit} from './edit.js'
import {BITMAP} from './facts.js'
import {type FieldType, fieldAfter, type Overflow, readField, writeField} from './field.js'
import {requireBitOffset} from './offsets.js'

interface Operation {
  readonly kind: 'get' | 'set' | 'incrby'
  readonly type: FieldType
  readonly offset: number
  readonly given: number | bigint
  readonly overflow: Overflow
}

function requireType(text: string): FieldType {
  const letter = text.charAt(0)
  const bits = letter === 'i' || letter === 'u' ? parseInt64(text.slice(1)) : undefined
  if (typeof bits !== 'number' || bits < 1 || bits > (letter === 'i' ? 64 : 63)) {
    throw new ReplyError(
      'ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.',
    )
  }
  return {bits, isSigned: letter === 'i'}
}

function requireOverflow(text: string): Overflow {
  const word = text.toLowerCase()
  if (word !== 'wrap' && word !== 'sat' && word !== 'fail') throw new ReplyError('ERR Invalid OVERFLOW type specified')
  return word
}

function parse(server: Server, argv: readonly string[]): Operation[] {
  const operations: Operation[] = []
  let overflow: Overflow = 'wrap'
  for (let i = 2; i < argv.length; ) {
    const kind = argv[i]!.toLowerCase()
    const left = argv.length - i - 1
    if (kind === 'overflow' && left >= 1) {
      overflow = requireOverflow(argv[i + 1]!)
      i += 2
      continue
    }
    const isWrite = kind === 'set' || kind === 'incrby'
    if (!(kind === 'get' && left >= 2) && !(isWrite && left >= 3)) throw new ReplyError(SYNTAX_ERROR)
    const type = requireType(argv[i + 1]!)
    const offset = requireBitOffset(server, argv[i + 2]!, type.bits)
    const given = isWrite ? requireInt64(argv[i + 3]!) : 0
    operations.push({given, kind: kind as Operation['kind'], offset, overflow, type})
    i += isWrite ? 4 : 3
  }
  return operations
}

function read({db, reply}: CommandContext, key: string, operations: readonly Operation[]): void {
  const held = db.getBytes(key) ?? ''
  const source = typeof held === 'string' ? held : held.bytes
  reply.array(operations.length)
  for (const {offset, type} of operations) reply.integer(readField(source, held.length, offset, type))
}

function bitfield(context: CommandContext, argv: string[]): void {
  const key = argv[1]!
  const operations = parse(context.server, argv)
  let lastBit = -1
  for (const {kind, offset, type} of operations) {
    if (kind !== 'get') lastBit = Math.max(lastBit, offset + type.bits - 1)
  }
  if (lastBit < 0) read(context, key, operations)
  else change(context, key, operations, lastBit)
}

function change({db, reply}: CommandContext, key: string, operations: readonly Operation[], lastBit: number): void {
  edit.open(db, key, Math.floor(lastBit / 8) + 1)
  const {bytes, hasGrown, length} = edit
  let isChanged = false
  reply.array(operations.length)
  for (const {given, kind, offset, overflow, type} of operations) {
    const before = readField(bytes, length, offset, type)
    if (kind === 'get') {
      reply.integer(before)
      continue
    }
    const after = fieldAfter(type, overflow, kind === 'set' ? undefined : before, given)
    if (after === undefined) {
      reply.nil()
      continue
    }
    writeField(bytes, offset, type, after)
    reply.integer(kind === 'set' ? before : after)
    isChanged ||= hasGrown || before !== after
  }
  // What only fails may make room; redis-server tells nobody.
  edit.close(db, key, isChanged, false)
  if (isChanged) db.notify(NOTIFY_STRING, 'setbit', key)
}

function bitfieldRo(context: CommandContext, argv: string[]): void {
  const operations = parse(context.server, argv)
  if (operations.some(({kind}) => kind !== 'get')) {
    throw new ReplyError('ERR BITFIELD_RO only supports the GET subcommand')
  }
  read(context, argv[1]!, operations)
}

export const bitfieldCommands: readonly Command[] = [
  defineCommand({...BITMAP.bitfield, run: bitfield}),
  defineCommand({...BITMAP.bitfield_ro, run: bitfieldRo}),
]
