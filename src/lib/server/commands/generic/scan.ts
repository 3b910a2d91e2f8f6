import {globMatch} from '../../config/glob.js'
import {typeOf} from '../../keyspace/value.js'
import type {Command, CommandContext} from '../command.js'
import {parseCursor, parseScanOptions, replyPage} from '../scan-arguments.js'
import {keyspaceCommand} from './define.js'

function keys({db, reply}: CommandContext, argv: string[]): void {
  const pattern = argv[1]!
  const found: string[] = []
  const {hidden} = db
  for (const key of db.keys()) {
    if ((pattern === '*' || globMatch(pattern, key)) && hidden?.hasKey(key) !== true) found.push(key)
  }
  reply.bulks(found)
}

function scan({db, reply}: CommandContext, argv: string[]): void {
  const cursor = parseCursor(argv[1]!)
  const {count, pattern, type} = parseScanOptions(argv, 2, true)
  const page = db.scan(cursor, count)
  const shown = page.keys.filter((key) => {
    if (pattern !== undefined && !globMatch(pattern, key)) return false
    // On the way, keys that have run out are deleted.
    if (type === undefined) return db.has(key)
    const value = db.look(key)
    return value !== undefined && typeOf(value) === type
  })
  replyPage(reply, page.cursor, shown)
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
