import {requireInteger} from '../../arguments.js'
import {readFacts} from '../../info/facts.js'
import {sizeOfKey} from '../../keyspace/memory-meter.js'
import {ReplyError, SYNTAX_ERROR} from '../../reply-error.js'
import {type Command, type CommandContext, type CommandHandler, defineCommand} from '../command.js'
import {keyAt} from '../key-spec.js'
import {helpSubcommand} from './help.js'

function memoryUsage({db, reply}: CommandContext, argv: string[]): void {
  for (let at = 3; at < argv.length; at += 2) {
    if (argv[at]!.toLowerCase() !== 'samples' || argv[at + 1] === undefined) throw new ReplyError(SYNTAX_ERROR)
    if (requireInteger(argv[at + 1]!) < 0) throw new ReplyError(SYNTAX_ERROR)
  }
  const key = argv[2]!
  const value = db.peek(key)
  if (value === undefined) {
    reply.nil()
    return
  }
  reply.integer(Math.round(sizeOfKey(key, value)))
}

/** What a node without data occupies, about: below twice that there is nothing to diagnose. */
const EMPTY_RSS_BYTES = 64 * 1024 * 1024
/** V8 keeps freed pages for a while; only more than this is worth a word. */
const RSS_RATIO_MAX = 3

function memoryDoctor({nowMs, reply, server}: CommandContext): void {
  const {memory} = readFacts(server, nowMs)
  if (memory.rss < 2 * EMPTY_RSS_BYTES) {
    reply.verbatim('This node uses very little memory: there is nothing to diagnose yet.\n', 'txt')
    return
  }
  const high = (memory.rss - EMPTY_RSS_BYTES) / memory.heapUsed > RSS_RATIO_MAX
  const text = high
    ? `The process occupies ${memory.rss} bytes for ${memory.heapUsed} bytes in use: memory was freed, or buffers are large.\n`
    : 'No memory problem found in this node.\n'
  reply.verbatim(text, 'txt')
}

function memoryStats({nowMs, reply, server}: CommandContext): void {
  const {memory} = readFacts(server, nowMs)
  const keys = server.databases.reduce((sum, {size}) => sum + size, 0)
  const fields: readonly (readonly [string, number])[] = [
    ['peak.allocated', Math.max(memory.peakRss, memory.heapUsed)],
    ['total.allocated', memory.heapUsed],
    ['keys.count', keys],
    ['keys.bytes-per-key', keys === 0 ? 0 : Math.floor(memory.heapUsed / keys)],
    ['allocator.resident', memory.rss],
    ['fragmentation.bytes', memory.rss - memory.heapUsed],
  ]
  reply.map(fields.length + 1)
  for (const [name, value] of fields) {
    reply.bulk(name)
    reply.integer(value)
  }
  reply.bulk('fragmentation')
  reply.double(String(memory.rss / Math.max(1, memory.heapUsed)))
}

const SPECIAL = ['nondeterministic_output', 'request_policy:all_shards', 'response_policy:special']

function sub(name: string, run: CommandHandler, tips: readonly string[]): Command {
  return defineCommand({name, run, tips, arity: 2, group: 'server', since: '4.0.0'})
}

export const memory = defineCommand({
  name: 'memory',
  arity: -2,
  group: 'server',
  since: '4.0.0',
  subcommands: [
    sub('doctor', memoryDoctor, SPECIAL),
    sub('malloc-stats', ({reply}) => reply.verbatim('Memory is managed by V8; see INFO memory.\n', 'txt'), SPECIAL),
    // The collector decides by itself when to give memory back.
    sub('purge', ({reply}) => reply.ok(), ['request_policy:all_shards', 'response_policy:all_succeeded']),
    sub('stats', memoryStats, SPECIAL),
    defineCommand({
      name: 'usage',
      arity: -3,
      flags: ['readonly'],
      group: 'server',
      since: '4.0.0',
      keys: [keyAt(2, ['RO'])],
      run: memoryUsage,
    }),
    helpSubcommand('MEMORY', {group: 'server', since: '4.0.0'}, [
      ['DOCTOR', 'What is odd about the use of memory.'],
      ['MALLOC-STATS', 'Who manages memory.'],
      ['PURGE', 'Give unused memory back, where that can be asked for.'],
      ['STATS', 'Figures.'],
      ['USAGE <key> [SAMPLES <count>]', 'Bytes a key and its value take, about.'],
    ]),
  ],
})
