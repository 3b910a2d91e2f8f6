import {globMatch} from '../../config/glob.js'
import {everyCommand, topCommands} from '../../info/statistics.js'
import {ReplyError, SYNTAX_ERROR} from '../../reply-error.js'
import type {Server} from '../../server.js'
import {type Command, type CommandContext, type CommandHandler, defineCommand} from '../command.js'
import {writeCommandDocs} from './command-docs.js'
import {statusSet, writeCommandInfo} from './command-info.js'
import {type NamedKey, namedKeys} from './command-keys.js'
import {helpSubcommand} from './help.js'

/** `get`, `config|get`; undefined if there is no such command. */
function byFullName(server: Server, name: string): Command | undefined {
  const [top, sub, more] = name.toLowerCase().split('|')
  const command = server.commands.get(top!)
  if (sub === undefined || command === undefined) return command
  return more === undefined ? command.subcommands?.get(sub) : undefined
}

function commandAll({reply, server}: CommandContext): void {
  const all = [...topCommands(server.commands)]
  reply.array(all.length)
  for (const command of all) writeCommandInfo(reply, command)
}

function commandInfo(context: CommandContext, argv: string[]): void {
  const {reply, server} = context
  if (argv.length === 2) {
    commandAll(context)
    return
  }
  reply.array(argv.length - 2)
  for (const name of argv.slice(2)) {
    const command = byFullName(server, name)
    if (command === undefined) reply.nil()
    else writeCommandInfo(reply, command)
  }
}

function commandDocs({reply, server}: CommandContext, argv: string[]): void {
  const asked =
    argv.length === 2
      ? [...topCommands(server.commands)]
      : argv.slice(2).flatMap((name) => byFullName(server, name) ?? [])
  reply.map(asked.length)
  for (const command of asked) {
    reply.bulk(command.fullName)
    writeCommandDocs(reply, command)
  }
}

function commandCount({reply, server}: CommandContext): void {
  let count = 0
  for (const _ of topCommands(server.commands)) count++
  reply.integer(count)
}

type Filter = (command: Command) => boolean

/** There are no modules, so nothing belongs to one. */
function parseListFilter(argv: readonly string[]): Filter {
  if (argv.length === 2) return () => true
  if (argv.length !== 5 || argv[2]!.toLowerCase() !== 'filterby') throw new ReplyError(SYNTAX_ERROR)
  const value = argv[4]!
  switch (argv[3]!.toLowerCase()) {
    case 'module':
      return () => false
    case 'aclcat':
      return ({acl}) => acl.includes(value.toLowerCase())
    case 'pattern':
      return ({fullName}) => globMatch(value, fullName, true)
    default:
      throw new ReplyError(SYNTAX_ERROR)
  }
}

function commandList({reply, server}: CommandContext, argv: string[]): void {
  reply.bulks([...everyCommand(server.commands)].filter(parseListFilter(argv)).map(({fullName}) => fullName))
}

function keysAsked({server}: CommandContext, argv: readonly string[]): NamedKey[] {
  const line = argv.slice(2)
  const command = server.findCommand(line)
  const isContainer = command?.subcommands !== undefined && command.run === undefined
  if (command === undefined || isContainer) throw new ReplyError('ERR Invalid command specified')
  return namedKeys(command, line)
}

function commandGetkeys(context: CommandContext, argv: string[]): void {
  context.reply.bulks(keysAsked(context, argv).map(({key}) => key))
}

function commandGetkeysandflags(context: CommandContext, argv: string[]): void {
  const {reply} = context
  const keys = keysAsked(context, argv)
  reply.array(keys.length)
  for (const {flags, key} of keys) {
    reply.array(2)
    reply.bulk(key)
    statusSet(reply, flags)
  }
}

const FACTS = {acl: ['connection'], flags: ['loading', 'stale'], group: 'server'} as const
const UNORDERED = ['nondeterministic_output_order']

function sub(name: string, arity: number, since: string, run: CommandHandler, tips: readonly string[] = []): Command {
  return defineCommand({...FACTS, name, arity, since, run, tips})
}

export const command = defineCommand({
  ...FACTS,
  name: 'command',
  arity: -1,
  since: '2.8.13',
  tips: UNORDERED,
  // Without a subcommand; one that is not known never comes here with its name left out.
  run: (context, argv) => {
    if (argv.length > 1) throw new ReplyError(`ERR unknown subcommand '${argv[1]!.slice(0, 128)}'. Try COMMAND HELP.`)
    commandAll(context)
  },
  subcommands: [
    sub('count', 2, '2.8.13', commandCount),
    sub('docs', -2, '7.0.0', commandDocs, UNORDERED),
    sub('getkeys', -4, '2.8.13', commandGetkeys),
    sub('getkeysandflags', -4, '7.0.0', commandGetkeysandflags),
    sub('info', -2, '2.8.13', commandInfo, UNORDERED),
    sub('list', -2, '7.0.0', commandList, UNORDERED),
    helpSubcommand('COMMAND', {acl: ['connection'], group: 'server', since: '5.0.0'}, [
      ['(no subcommand)', 'Facts about all commands.'],
      ['COUNT', 'How many commands there are.'],
      ['DOCS [<command> ...]', 'What the commands are for and which arguments they take.'],
      ['GETKEYS <full-command>', 'The keys in a command line.'],
      ['GETKEYSANDFLAGS <full-command>', 'The keys in a command line and what is done with them.'],
      ['INFO [<command> ...]', 'Facts about the commands.'],
      ['LIST [FILTERBY (MODULE <name> | ACLCAT <category> | PATTERN <glob>)]', 'Names of commands.'],
    ]),
  ],
})
