import {requireInt64, requireInteger} from '../../arguments.js'
import {ReplyError, SYNTAX_ERROR} from '../../reply-error.js'

/** What stands before the keys of XREAD and XREADGROUP. */
export interface ReadOptions {
  /** Milliseconds, 0 = for ever; undefined: do not wait. */
  readonly blockMs: number | bigint | undefined
  /** At most so many entries of each stream; 0 = all. */
  readonly count: number
  readonly noAck: boolean
  readonly group: string | undefined
  readonly consumer: string
  /** Index in argv of the first key. */
  readonly keysAt: number
  readonly keyCount: number
}

/** Of both commands. */
const UNBALANCED = "ERR Unbalanced XREAD list of streams: for each stream key an ID or '$' must be specified."

/** @throws ReplyError in the order in which redis-server finds fault */
export function parseReadOptions(
  argv: readonly string[],
  command: 'xread' | 'xreadgroup',
  isInScript: boolean,
): ReadOptions {
  let blockMs: number | bigint | undefined
  let count = 0
  let noAck = false
  let group: string | undefined
  let consumer = ''
  for (let at = 1; at < argv.length; at++) {
    const more = argv.length - at - 1
    const word = argv[at]!.toLowerCase()
    if (word === 'streams' && more > 0) {
      if (more % 2 !== 0) throw new ReplyError(UNBALANCED)
      if (command === 'xreadgroup' && group === undefined) {
        throw new ReplyError('ERR Missing GROUP option for XREADGROUP')
      }
      return {blockMs, consumer, count, group, keyCount: more / 2, keysAt: at + 1, noAck}
    }
    if (word === 'block' && more > 0) {
      if (isInScript) throw new ReplyError(`ERR ${argv[0]} command is not allowed with BLOCK option from scripts`)
      blockMs = requireTimeout(argv[++at]!)
    } else if (word === 'count' && more > 0) count = Math.max(0, requireInteger(argv[++at]!))
    else if (word === 'group' && more >= 2) {
      requireGroupCommand('GROUP', command)
      group = argv[at + 1]!
      consumer = argv[at + 2]!
      at += 2
    } else if (word === 'noack') {
      requireGroupCommand('NOACK', command)
      noAck = true
    } else throw new ReplyError(SYNTAX_ERROR)
  }
  throw new ReplyError(SYNTAX_ERROR)
}

function requireTimeout(text: string): number | bigint {
  const timeout = requireInt64(text, 'ERR timeout is not an integer or out of range')
  if (timeout < 0) throw new ReplyError('ERR timeout is negative')
  return timeout
}

function requireGroupCommand(option: string, command: string): void {
  if (command === 'xreadgroup') return
  throw new ReplyError(`ERR The ${option} option is only supported by XREADGROUP. You called XREAD instead.`)
}

/** Where the keys are: the first half of what follows STREAMS, if the words before it can be passed. */
export function readKeyIndexes(argv: readonly string[]): number[] {
  for (let at = 1; at < argv.length; at++) {
    const word = argv[at]!.toLowerCase()
    if (word === 'streams') {
      const words = argv.length - at - 1
      if (words === 0 || words % 2 !== 0) return []
      return Array.from({length: words / 2}, (_, i) => at + 1 + i)
    }
    if (word === 'block' || word === 'count') at++
    else if (word === 'group') at += 2
    else if (word !== 'noack') return []
  }
  return []
}
