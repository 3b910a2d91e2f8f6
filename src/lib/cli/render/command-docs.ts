import type {Reply} from '../../protocol/resp/reply-parser.js'

/**
 * What a node says of a command, as redis-cli's help shows it: syntax, summary, since, group; and its subcommands, a line each.
 *
 * @param reply - to COMMAND DOCS with one name, under RESP2 or RESP3
 * @returns undefined if the node knows no such command
 */
export function renderCommandDocs(reply: Reply): string | undefined {
  const [found] = fieldsOf(reply)
  if (!found) return
  const [name, docs] = found
  const fields = new Map(fieldsOf(docs))
  const said = ['summary', 'since', 'group'].flatMap((field) => {
    const text = textOf(fields.get(field))
    return text === '' ? [] : [`${field}: ${text}`]
  })
  const below = fieldsOf(fields.get('subcommands')).map(([sub, its]) => {
    return `${commandSyntax(sub, new Map(fieldsOf(its)))}: ${textOf(new Map(fieldsOf(its)).get('summary'))}`
  })
  const lines = [commandSyntax(name, fields), ...said, ...(below.length > 0 ? ['', ...below] : [])]
  return `\n${lines.map((line) => (line === '' ? '' : `  ${line}`)).join('\n')}\n`
}

function commandSyntax(name: string, fields: ReadonlyMap<string, Reply>): string {
  const words = name.toUpperCase().replace('|', ' ')
  return [words, ...itemsOf(fields.get('arguments')).map(argumentSyntax)].join(' ')
}

function argumentSyntax(argument: Reply): string {
  const fields = new Map(fieldsOf(argument))
  const flags = itemsOf(fields.get('flags')).map(textOf)
  const token = fields.has('token') ? textOf(fields.get('token')) || '""' : undefined
  const type = textOf(fields.get('type'))
  const isOptional = flags.includes('optional')
  const value = type === 'pure-token' ? undefined : valueSyntax(type, fields, isOptional && token === undefined)
  const one = [token, value].filter((part) => part !== undefined).join(' ')
  const again = flags.includes('multiple_token') ? one : (value ?? one)
  const all = flags.includes('multiple') ? `${one} [${again} ...]` : one
  return isOptional ? `[${all}]` : all
}

/** @param isEnclosed - brackets stand around it already */
function valueSyntax(type: string, fields: ReadonlyMap<string, Reply>, isEnclosed: boolean): string {
  const parts = itemsOf(fields.get('arguments')).map(argumentSyntax)
  if (type === 'block') return parts.join(' ')
  if (type !== 'oneof') return textOf(fields.get('display_text')) || textOf(fields.get('name'))
  return isEnclosed || parts.length < 2 ? parts.join('|') : `<${parts.join('|')}>`
}

/** A map's pairs; under RESP2 it is an array of names and values by turns. */
function fieldsOf(reply: Reply | undefined): [name: string, value: Reply][] {
  const items = itemsOf(reply)
  return items.flatMap((name, at) => {
    const value = items[at + 1]
    return at % 2 === 0 && value ? [[textOf(name), value] as [string, Reply]] : []
  })
}

function itemsOf(reply: Reply | undefined): readonly Reply[] {
  return reply && 'items' in reply ? reply.items : []
}

function textOf(reply: Reply | undefined): string {
  return reply && 'text' in reply ? reply.text : ''
}
