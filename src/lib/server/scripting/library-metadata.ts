import {splitWords} from '../config/syntax.js'
import {ReplyError} from '../reply-error.js'

const NAME = /^[A-Za-z0-9_]+$/
export const BAD_NAME =
  'ERR Library names can only contain letters, numbers, or underscores(_) and must be at least one character long'

export function isValidName(name: string): boolean {
  return NAME.test(name)
}

/**
 * The first line of a library, `#!lua name=mylib`, and the rest with its line end, so that lines keep their numbers.
 *
 * @throws ReplyError
 */
export function readLibraryMetadata(code: string): {readonly name: string; readonly source: string} {
  if (!code.startsWith('#!')) throw new ReplyError('ERR Missing library metadata')
  const end = code.indexOf('\n')
  const words = end < 0 ? undefined : splitWords(code.slice(0, end))
  if (words === undefined || words.length === 0) throw new ReplyError('ERR Invalid library metadata')
  const [engine, ...options] = words as [string, ...string[]]
  let name: string | undefined
  for (const option of options) {
    if (!option.toLowerCase().startsWith('name=')) throw new ReplyError(`ERR Invalid metadata value given: ${option}`)
    if (name !== undefined) {
      throw new ReplyError('ERR Invalid metadata value, name argument was given multiple times')
    }
    name = option.slice('name='.length)
  }
  if (name === undefined) throw new ReplyError('ERR Library name was not given')
  if (!isValidName(name)) throw new ReplyError(BAD_NAME)
  const engineName = engine.slice('#!'.length)
  if (engineName.toLowerCase() !== 'lua') throw new ReplyError(`ERR Engine '${engineName}' not found`)
  return {name, source: code.slice(end)}
}
