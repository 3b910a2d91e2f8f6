import type {ReplyWriter} from '../../reply.js'
import type {ArgumentDocs, Command, CommandDocs} from '../command.js'
import {docsOf} from '../docs/index.js'
import {statusSet} from './command-info.js'

/** A field that is there only if it says something. */
type Field = readonly [name: string, write: () => void]

function writeFields(reply: ReplyWriter, fields: readonly (Field | undefined)[]): void {
  const present = fields.filter((field) => field !== undefined)
  reply.map(present.length)
  for (const [name, write] of present) {
    reply.bulk(name)
    write()
  }
}

function textField(reply: ReplyWriter, name: string, value: string | undefined): Field | undefined {
  return value === undefined ? undefined : [name, () => reply.bulk(value)]
}

function writeArguments(reply: ReplyWriter, items: readonly ArgumentDocs[]): void {
  reply.array(items.length)
  for (const item of items) writeArgument(reply, item)
}

function writeArgument(reply: ReplyWriter, item: ArgumentDocs): void {
  const {flags, keySpecIndex} = item
  writeFields(reply, [
    textField(reply, 'name', item.name),
    textField(reply, 'type', item.type),
    keySpecIndex === undefined ? undefined : ['key_spec_index', () => reply.integer(keySpecIndex)],
    textField(reply, 'token', item.token),
    textField(reply, 'summary', item.summary),
    textField(reply, 'since', item.since),
    textField(reply, 'deprecated_since', item.deprecatedSince),
    flags === undefined ? undefined : ['flags', () => statusSet(reply, flags)],
    item.arguments && ['arguments', () => writeArguments(reply, item.arguments!)],
  ])
}

function writeHistory(reply: ReplyWriter, history: NonNullable<CommandDocs['history']>): void {
  reply.set(history.length)
  for (const [version, change] of history) reply.bulks([version, change])
}

/** The value of one command in COMMAND DOCS: a map, with the subcommands' maps in it. */
export function writeCommandDocs(reply: ReplyWriter, command: Command): void {
  const docs = docsOf(command.fullName)
  const {docFlags, history} = docs ?? {}
  const {subcommands} = command
  writeFields(reply, [
    textField(reply, 'summary', docs?.summary),
    ['since', () => reply.bulk(command.since)],
    ['group', () => reply.bulk(command.group)],
    textField(reply, 'complexity', docs?.complexity),
    docFlags && ['doc_flags', () => statusSet(reply, docFlags)],
    textField(reply, 'deprecated_since', docs?.deprecatedSince),
    textField(reply, 'replaced_by', docs?.replacedBy),
    history && ['history', () => writeHistory(reply, history)],
    docs?.arguments && ['arguments', () => writeArguments(reply, docs.arguments!)],
    subcommands && ['subcommands', () => writeSubcommands(reply, subcommands)],
  ])
}

function writeSubcommands(reply: ReplyWriter, subcommands: ReadonlyMap<string, Command>): void {
  reply.map(subcommands.size)
  for (const subcommand of subcommands.values()) {
    reply.bulk(subcommand.fullName)
    writeCommandDocs(reply, subcommand)
  }
}
