import {encodeCommand} from '../../../../protocol/resp/encode-command.js'
import {type FaultProbe, type FaultProbeResult, faultsOf, type NodeFaults} from '../../../faults/effects.js'
import {marksOf} from '../../../faults/marks.js'
import {ReplyError} from '../../../reply-error.js'
import type {Server} from '../../../server.js'
import {type CommandContext, type CommandHandler, defineCommand} from '../../command.js'
import {isLocalClient} from '../client-line.js'
import {helpLines} from '../help.js'
import {parseTable, renderRule, Words} from './rule-words.js'

/**
 * SHOAL.FAULT: faults between this node and others, made by this node on every connection that it opens. Both ends of a
 * link get the rules of it, each as it sees them; who accepts a connection need not know.
 *
 * A connection can be opened while only what comes back is dropped. A reset works both ways, whichever way it is set: what
 * is torn down carries nothing.
 */
interface Subcommand {
  readonly usage: string
  readonly help: string
  readonly run: CommandHandler
}

const WITHIN_MS_MAX = 600_000

function requireFaults(server: Server): NodeFaults {
  const faults = faultsOf(server)
  if (faults === undefined) throw new ReplyError('ERR this server opens no connections that faults could be made on')
  return faults
}

function setRules({reply, server}: CommandContext, argv: string[]): void {
  const {madeMs, rules} = parseTable(new Words(argv, 2))
  if (!requireFaults(server).replace(rules, madeMs)) throw new ReplyError('ERR a later table of faults is in force')
  reply.ok()
}

function listRules({reply, server}: CommandContext, argv: string[]): void {
  requireEnd(new Words(argv, 2))
  const rules = requireFaults(server).rules()
  reply.array(rules.length)
  for (const rule of rules) reply.bulks(renderRule(rule))
}

function clearRules({reply, server}: CommandContext, argv: string[]): void {
  requireEnd(new Words(argv, 2))
  requireFaults(server).replace([])
  reply.ok()
}

function addMark({reply, server}: CommandContext, argv: string[]): void {
  const words = new Words(argv, 2)
  const nowMs = server.effects.nowMs()
  marksOf(server).add(words.next(), nowMs)
  requireEnd(words)
  reply.integer(nowMs)
}

function showMarks({reply, server}: CommandContext, argv: string[]): void {
  const marks = marksOf(server)
  const tokens = argv.slice(2)
  reply.array(tokens.length)
  for (const token of tokens) integerOrNil(reply, marks.get(token))
}

function probePeers({client, reply, server}: CommandContext, argv: string[]): void {
  const words = new Words(argv, 2)
  const withinMs = Math.min(words.count(), WITHIN_MS_MAX)
  const probes: FaultProbe[] = []
  while (!words.isAtEnd) probes.push(probeOf(server, words))
  let results: readonly FaultProbeResult[] = []
  const faults = requireFaults(server)
  client.park(() => {
    reply.array(results.length)
    for (const {answer, answeredMs, sentMs} of results) {
      const seen = /^:(\d+)$/.exec(answer ?? '')?.[1]
      reply.array(3)
      integerOrNil(reply, sentMs)
      integerOrNil(reply, seen === undefined ? undefined : Number(seen))
      integerOrNil(reply, answeredMs)
    }
  })
  faults.probe(probes, withinMs, (found) => {
    results = found
    client.unpark()
  })
}

/** With the credentials that replicas use. */
function probeOf(server: Server, words: Words): FaultProbe {
  const peer = {host: words.next(), port: words.count()}
  const {masterauth, masteruser} = server.config.values
  const requests = [['SHOAL.FAULT', 'MARK', words.next()]]
  if (masterauth !== '') requests.unshift(['AUTH', ...(masteruser === '' ? [] : [masteruser]), masterauth])
  return {payload: requests.map(encodeCommand).join(''), peer, replyCount: requests.length}
}

function integerOrNil(reply: CommandContext['reply'], value: number | undefined): void {
  if (value === undefined) reply.nil()
  else reply.integer(value)
}

function requireEnd(words: Words): void {
  if (!words.isAtEnd) throw new ReplyError('ERR syntax error')
}

const RULE = '<host> <port> <bus-port> <IN|OUT> <DROP|RESET|DELAY ms jitter-ms|LOSS probability> [UNTIL unix-ms]'

/** By lower-case word, in the order HELP lists them. */
const SUBCOMMANDS: ReadonlyMap<string, Subcommand> = new Map([
  ['clear', {help: 'End all faults.', run: clearRules, usage: 'CLEAR'}],
  ['list', {help: 'The faults in force, as SET takes them.', run: listRules, usage: 'LIST'}],
  ['mark', {help: 'Note when that token came; Unix milliseconds.', run: addMark, usage: 'MARK <token>'}],
  [
    'marked',
    {help: 'When those tokens came; nil: they did not.', run: showMarks, usage: 'MARKED <token> [<token> ...]'},
  ],
  [
    'probe',
    {
      help: 'Mark peers through the faults: for each when it was sent, came there and was answered; nil: not in time.',
      run: probePeers,
      usage: 'PROBE <within-ms> <host> <port> <token> [<host> <port> <token> ...]',
    },
  ],
  [
    'set',
    {
      help: 'These faults and no others; AT: unless others were wanted later.',
      run: setRules,
      usage: `SET <count> [${RULE} ...] [AT unix-ms]`,
    },
  ],
])

function requireAllowed({client, server}: CommandContext): void {
  const setting = server.config.values.enableFaultCommand
  if (setting === 'yes' || (setting === 'local' && isLocalClient(client))) return
  throw new ReplyError(
    'ERR SHOAL.FAULT command not allowed. The enable-fault-command option is set to "local": run it from a local ' +
      'connection, or set the option to "yes" in the configuration file, and then restart the server.',
  )
}

function runFault(context: CommandContext, argv: string[]): void {
  requireAllowed(context)
  const word = argv[1]!.toLowerCase()
  if (word === 'help' && argv.length === 2) {
    const topics = [...SUBCOMMANDS.values()].map(({help, usage}) => [usage, help] as const)
    context.reply.simples(helpLines('SHOAL.FAULT', topics))
    return
  }
  const subcommand = SUBCOMMANDS.get(word)
  if (subcommand === undefined) {
    throw new ReplyError(`ERR unknown subcommand '${argv[1]!.slice(0, 128)}'. Try SHOAL.FAULT HELP.`)
  }
  subcommand.run(context, argv)
}

/** Not of Redis: the table has it only where `enable-fault-command` allows it. */
export const fault = defineCommand({
  name: 'shoal.fault',
  arity: -2,
  flags: ['admin', 'noscript', 'loading', 'stale', 'no_multi'],
  group: 'server',
  since: '7.0.0',
  run: runFault,
})
