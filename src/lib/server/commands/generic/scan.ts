import {requireInteger} from '../../arguments.js'
import {globMatch} from '../../config/glob.js'
import {typeOf} from '../../keyspace/value.js'
import {ReplyError, SYNTAX_ERROR} from '../../reply-error.js'
import type {Command, CommandContext} from '../command.js'
import {keyspaceCommand} from './define.js'

function keys({db, reply}: CommandContext, argv: string[]): void {
  const pattern = argv[1]!
  const found: string[] = []
  for (const key of db.keys()) if (pattern === '*' || globMatch(pattern, key)) found.push(key)
  reply.bulks(found)
}

interface ScanOptions {
  readonly count: number
  readonly pattern: string | undefined
  readonly type: string | undefined
}

const COUNT_DEFAULT = 10

function parseScanOptions(argv: readonly string[]): ScanOptions {
  let count = COUNT_DEFAULT
  let pattern: string | undefined
  let type: string | undefined
  for (let i = 2; i < argv.length; i += 2) {
    const word = argv[i]!.toLowerCase()
    const value = argv[i + 1]
    if (value === undefined) throw new ReplyError(SYNTAX_ERROR)
    if (word === 'count') {
      count = requireInteger(value)
      if (count < 1) throw new ReplyError(SYNTAX_ERROR)
    } else if (word === 'match') pattern = value === '*' ? undefined : value
    else if (word === 'type') type = value.toLowerCase()
    else throw new ReplyError(SYNTAX_ERROR)
  }
  return {count, pattern, type}
}

const UINT64_MAX = 18_446_744_073_709_551_615n

/** As C's strtoul reads it: an empty text is 0, a negative number wraps around to one behind every key. */
function parseCursor(text: string): number {
  if (text === '') return 0
  const match = /^([+-]?)([0-9]+)$/.exec(text)
  const cursor = match ? BigInt(match[2]!) : UINT64_MAX + 1n
  if (cursor > UINT64_MAX) throw new ReplyError('ERR invalid cursor')
  return Number(match![1] === '-' ? BigInt.asUintN(64, -cursor) : cursor)
}

function scan({db, reply}: CommandContext, argv: string[]): void {
  const cursor = parseCursor(argv[1]!)
  const {count, pattern, type} = parseScanOptions(argv)
  const page = db.scan(cursor, count)
  const shown = page.keys.filter((key) => {
    if (pattern !== undefined && !globMatch(pattern, key)) return false
    return type === undefined || typeOf(db.peek(key)!) === type
  })
  reply.array(2)
  reply.bulk(String(page.cursor))
  reply.bulks(shown)
}

function randomkey({db, reply, server}: CommandContext): void {
  reply.bulkOrNil(db.randomKey(server.rng))
}

export const scanCommands: readonly Command[] = [
  keyspaceCommand('keys', 2, '1.0.0', ['readonly'], keys, {
    acl: ['keyspace', 'dangerous'],
    tips: ['request_policy:all_shards', 'nondeterministic_output_order'],
  }),
  keyspaceCommand('scan', -2, '2.8.0', ['readonly'], scan, {
    tips: ['nondeterministic_output', 'request_policy:special'],
  }),
  keyspaceCommand('randomkey', 1, '1.0.0', ['readonly'], randomkey, {
    tips: ['request_policy:all_shards', 'nondeterministic_output'],
  }),
]
