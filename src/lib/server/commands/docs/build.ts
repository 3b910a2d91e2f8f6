import type {ArgumentDocs} from '../command.js'

/** Shorthand for the arguments of COMMAND DOCS, so that a command's docs fit on a few lines. */

interface Extras {
  readonly token?: string
  readonly since?: string
  readonly deprecatedSince?: string
  readonly summary?: string
  readonly optional?: true
  readonly multiple?: true
  /** Each repetition repeats the token. */
  readonly multipleToken?: true
}

type Type = ArgumentDocs['type']
type Flag = NonNullable<ArgumentDocs['flags']>[number]

function argument(name: string, type: Type, extras: Extras, more: Partial<ArgumentDocs> = {}): ArgumentDocs {
  const {multiple, multipleToken, optional, ...texts} = extras
  const flags: Flag[] = []
  if (optional) flags.push('optional')
  if (multiple) flags.push('multiple')
  if (multipleToken) flags.push('multiple_token')
  return {name, type, ...texts, ...(flags.length > 0 && {flags}), ...more}
}

function plain(type: Type): (name: string, extras?: Extras) => ArgumentDocs {
  return (name, extras = {}) => argument(name, type, extras)
}

export const str = plain('string')
export const int = plain('integer')
export const double = plain('double')
export const pattern = plain('pattern')
export const time = plain('unix-time')

/** @param spec - index of the key spec that finds it */
export function key(name: string, spec: number, extras: Extras = {}): ArgumentDocs {
  return argument(name, 'key', extras, {keySpecIndex: spec})
}

/** A word that stands for itself. */
export function word(name: string, token: string, extras: Extras = {}): ArgumentDocs {
  return argument(name, 'pure-token', {...extras, token})
}

export function oneof(name: string, choices: readonly ArgumentDocs[], extras: Extras = {}): ArgumentDocs {
  return argument(name, 'oneof', extras, {arguments: choices})
}

export function block(name: string, parts: readonly ArgumentDocs[], extras: Extras = {}): ArgumentDocs {
  return argument(name, 'block', extras, {arguments: parts})
}
