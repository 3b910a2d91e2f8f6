import {parseInt64} from '../../arguments.js'
import {NOTIFY_STRING} from '../../keyspace/notifications.js'
import {ReplyError} from '../../reply-error.js'
import {type Command, type CommandContext, defineCommand} from '../command.js'
import {byteAt} from './bits.js'
import {edit} from './edit.js'
import {BITMAP} from './facts.js'
import {requireBitOffset} from './offsets.js'

function setbit({db, reply, server}: CommandContext, argv: string[]): void {
  const key = argv[1]!
  const offset = requireBitOffset(server, argv[2]!)
  const bit = parseInt64(argv[3]!)
  if (bit !== 0 && bit !== 1) throw new ReplyError('ERR bit is not an integer or out of range')
  const index = Math.floor(offset / 8)
  edit.open(db, key, index + 1)
  const byte = edit.bytes[index]!
  const shift = 7 - (offset & 7)
  const before = (byte >> shift) & 1
  edit.bytes[index] = byte ^ ((before ^ bit) << shift)
  if (before !== bit || edit.hasGrown) {
    edit.close(db, key, true)
    db.notify(NOTIFY_STRING, 'setbit', key)
  }
  reply.integer(before)
}

function getbit({db, reply, server}: CommandContext, argv: string[]): void {
  const offset = requireBitOffset(server, argv[2]!)
  const held = db.getBytes(argv[1]!)
  const index = Math.floor(offset / 8)
  if (held === undefined || index >= held.length) reply.integer(0)
  else reply.integer((byteAt(held, index) >> (7 - (offset & 7))) & 1)
}

export const bitCommands: readonly Command[] = [
  defineCommand({...BITMAP.setbit, run: setbit}),
  defineCommand({...BITMAP.getbit, run: getbit}),
]
