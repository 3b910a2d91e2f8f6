import {ReplyError} from '../reply-error.js'
import type {LuaEngine} from './engine.js'
import {COMPATIBLE, flagBit} from './script-run.js'

export interface Script {
  /** 40 hex digits. */
  readonly sha: string
  readonly body: string
  /** SCRIPT_FLAGS. */
  readonly flags: number
  /** What is compiled of the body. */
  readonly source: string
  /** Where it is compiled, and the function's reference there. */
  engine: LuaEngine
  ref: number
}

/** The flags in a script's first line, and what is to be compiled: all but that line's text. */
export function readShebang(body: string): {readonly flags: number; readonly source: string} {
  if (!body.startsWith('#!')) return {flags: COMPATIBLE, source: body}
  const end = body.indexOf('\n')
  if (end < 0) throw new ReplyError('ERR Invalid script shebang')
  const [engine, ...options] = body.slice(0, end).split(' ')
  if (engine !== '#!lua') throw new ReplyError(`ERR Unexpected engine in script shebang: ${engine}`)
  let flags = 0
  for (const option of options) {
    if (option === '') continue
    if (!option.startsWith('flags=')) throw new ReplyError(`ERR Unknown lua shebang option: ${option}`)
    const words = option.slice('flags='.length)
    if (words === '') continue
    for (const word of words.split(',')) {
      const bit = flagBit(word)
      if (bit === undefined) throw new ReplyError(`ERR Unexpected flag in script shebang: ${word}`)
      flags |= bit
    }
  }
  return {flags, source: body.slice(end)}
}
