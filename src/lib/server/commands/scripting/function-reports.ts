import {globMatch} from '../../config/glob.js'
import type {ReplyWriter} from '../../reply.js'
import {ReplyError} from '../../reply-error.js'
import type {RegisteredFunction} from '../../scripting/function-registration.js'
import {flagWords} from '../../scripting/script-run.js'
import {busyText, scriptingOf} from '../../scripting/scripting.js'
import type {CommandContext} from '../command.js'

/** FUNCTION LIST [LIBRARYNAME pattern] [WITHCODE] */
export function functionList({reply, server}: CommandContext, argv: string[]): void {
  let pattern: string | undefined
  let withCode = false
  for (let i = 2; i < argv.length; i++) {
    const option = argv[i]!.toLowerCase()
    if (!withCode && option === 'withcode') {
      withCode = true
    } else if (pattern === undefined && option === 'libraryname') {
      i++
      if (i >= argv.length) throw new ReplyError('ERR library name argument was not given')
      pattern = argv[i]!
    } else {
      throw new ReplyError(`ERR Unknown argument ${argv[i]}`)
    }
  }
  const libraries = scriptingOf(server)
    .functions.all()
    .filter(({name}) => pattern === undefined || globMatch(pattern, name, true))
  reply.array(libraries.length)
  for (const {code, functions, name} of libraries) {
    reply.map(withCode ? 4 : 3)
    reply.bulk('library_name')
    reply.bulk(name)
    reply.bulk('engine')
    reply.bulk('LUA')
    reply.bulk('functions')
    reply.array(functions.length)
    for (const one of functions) writeFunction(reply, one)
    if (!withCode) continue
    reply.bulk('library_code')
    reply.bulk(code)
  }
}

function writeFunction(reply: ReplyWriter, {description, flags, name}: RegisteredFunction): void {
  reply.map(3)
  reply.bulk('name')
  reply.bulk(name)
  reply.bulk('description')
  reply.bulkOrNil(description)
  reply.bulk('flags')
  const words = flagWords(flags)
  reply.set(words.length)
  for (const word of words) reply.simple(word)
}

export function functionStats({reply, server}: CommandContext): void {
  const {functions, run} = scriptingOf(server)
  if (run?.kind === 'eval') throw new ReplyError(busyText('eval'))
  reply.map(2)
  reply.bulk('running_script')
  if (run === undefined) {
    reply.nil()
  } else {
    reply.map(3)
    reply.bulk('name')
    reply.bulk(run.name)
    reply.bulk('command')
    reply.bulks(run.argv)
    reply.bulk('duration_ms')
    reply.integer(Math.floor((server.effects.monotonicUs() - run.startedUs) / 1000))
  }
  reply.bulk('engines')
  reply.map(1)
  reply.bulk('LUA')
  reply.map(2)
  reply.bulk('libraries_count')
  reply.integer(functions.all().length)
  reply.bulk('functions_count')
  reply.integer(functions.functionCount)
}
