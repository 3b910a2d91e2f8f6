import {CliError, type ErrorDocument, messageOf} from '../kernel/errors.js'
import {nearest} from '../kernel/nearest.js'
import {stripStyle} from './render/style.js'

/** oclif's errors carry these; the class of a parse error is known by its `parse` field. */
interface OclifError extends Error {
  readonly parse?: {readonly input?: {readonly flags?: Readonly<Record<string, KnownFlag>>}}
  /** The flags there are none of. */
  readonly flags?: readonly string[]
  readonly oclif?: {readonly exit?: number | false}
  readonly code?: string
}

interface KnownFlag {
  readonly aliases?: readonly string[]
  readonly hidden?: boolean
}

/**
 * Every failure in one form. Expected ones keep their code; oclif's complaints about the command line become BAD_FLAG,
 * a prompt cut short by Ctrl-C becomes INTERRUPTED; what is left is a bug.
 *
 * @param commandId - for the suggestion to read the help, as typed: `create`, `node start`
 */
export function errorDocument(error: unknown, commandId: string): ErrorDocument {
  if (error instanceof CliError) return withoutParser(error, commandId).toJSON()
  if (isParseError(error)) {
    const message = parsed(withoutValues(stripStyle(error.message), error.flags))
      // Not so: every repeatable flag here takes one value at a time.
      .replace(/\n\nNote: --[^.]+ allows? multiple values\.[\s\S]*$/, '')
    const meant = meantFlags(error)
    return new CliError('BAD_FLAG', meant.length === 0 ? message : `${message}. Did you mean ${meant.join(', ')}?`, {
      suggestions: [`shoal ${commandId} --help`],
      ...(meant.length > 0 && {details: {didYouMean: meant}}),
    }).toJSON()
  }
  if (error instanceof Error && (error.name === 'ExitPromptError' || error.name === 'AbortPromptError')) {
    return new CliError('INTERRUPTED', 'interrupted').toJSON()
  }
  return {error: {code: 'BUG', message: messageOf(error), exitCode: 1, suggestions: [], details: {}}}
}

/** What a flag's own parse function threw: oclif has written around it. */
function withoutParser(error: CliError, commandId: string): CliError {
  const {code, details, message, suggestions} = error
  const text = parsed(message)
  if (text === message) return error
  return new CliError(code, text, {
    cause: error,
    details,
    suggestions: suggestions.length > 0 ? suggestions : [`shoal ${commandId} --help`],
  })
}

/** Without what oclif says of its own; the flag is named where the message does not begin with it. */
function parsed(message: string): string {
  return message
    .replace(/\nSee more help with --help$/, '')
    .replace(/^Parsing --\S+ \n\t(?=--)/, '')
    .replace(/^Parsing (--\S+) \n\t/, '$1: ')
}

/** A mistyped --password=... must not show what it was given. */
function withoutValues(message: string, flags: readonly string[] = []): string {
  return flags.reduce((text, flag) => text.replace(flag, () => flag.replace(/=.*$/s, '')), message)
}

/** The nearest flag of the command for each mistyped one; own names before redis-cli's. */
function meantFlags({flags, parse}: OclifError): string[] {
  const known = Object.entries(parse?.input?.flags ?? {}).filter(([, {hidden}]) => !hidden)
  const names = [...known.map(([name]) => name), ...known.flatMap(([, {aliases = []}]) => aliases)]
  return (flags ?? []).flatMap((flag) => {
    const word = flag.replace(/=.*$/s, '')
    const found = nearest(
      word,
      names.map((name) => `--${name}`),
    )
    return found === undefined ? [] : [found]
  })
}

/** Parse errors of oclif: of its parser, or `CLIError` with exit 2 thrown by a flag's own parse function. */
function isParseError(error: unknown): error is OclifError {
  return error instanceof Error && ('parse' in error || (error as OclifError).oclif?.exit === 2)
}

/** JSON.stringify's replacer for results: whole numbers of any size, maps and sets. */
export function jsonSafe(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') {
    const number = Number(value)
    return Number.isSafeInteger(number) ? number : value.toString()
  }
  if (value instanceof Map) return Object.fromEntries(value)
  if (value instanceof Set) return [...value]
  return value
}
