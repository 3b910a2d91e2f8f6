import type {LuaEngine} from './engine.js'
import {type LibraryFunctions, setFunctions} from './libraries/library.js'
import {BAD_NAME, isValidName} from './library-metadata.js'
import {TYPE_FUNCTION, TYPE_NIL, TYPE_TABLE} from './lua/exports.js'
import {LuaError, type LuaMachine} from './lua/machine.js'
import {logFunction, type ScriptHost, setConstants} from './redis-api.js'
import {flagBit} from './script-run.js'

/** What redis.register_function was told. */
export interface RegisteredFunction {
  readonly name: string
  readonly description: string | undefined
  /** SCRIPT_FLAGS. */
  readonly flags: number
  /** Of the callback in the engine's registry. */
  readonly ref: number
}

export interface Registration {
  /** The globals that a library sees while it is loaded: `redis` alone, and of that little. */
  readonly globalsRef: number
  /** From now on functions may be registered. */
  open(): void
  /** No longer. @returns those that were, in order */
  close(): RegisteredFunction[]
}

interface Draft {
  name?: string
  description?: string
  flags: number
  hasCallback: boolean
}

function fail(text: string): LuaError {
  return new LuaError(`ERR ${text}`, 'table')
}

/** Makes the globals of loading, with redis.register_function. */
export function installRegistration({machine, sandbox}: LuaEngine, host: ScriptHost): Registration {
  const {L, api} = machine
  let found: RegisteredFunction[] | undefined
  const functions: LibraryFunctions = {
    log: logFunction(machine, host),
    register_function: (state) => {
      if (found === undefined) throw fail('redis.register_function can only be called on FUNCTION LOAD command')
      const one = readRegistration(machine, state)
      if (!isValidName(one.name)) throw new LuaError(BAD_NAME, 'table')
      if (found.some(({name}) => name === one.name)) {
        throw fail('Function already exists in the library')
      }
      found.push(one)
      return 0
    },
  }
  api.lua_createtable(L, 0, 1)
  api.lua_createtable(L, 0, 8)
  setFunctions(machine, L, functions)
  setConstants(machine)
  sandbox.refuseMissing(L)
  sandbox.protect(L)
  api.lua_setfield(L, -2, machine.name('redis'))
  sandbox.refuseMissing(L)
  const globalsRef = machine.ref(L)
  return {
    close: () => {
      const registered = found ?? []
      found = undefined
      return registered
    },
    globalsRef,
    open: () => {
      found = []
    },
  }
}

/** The arguments of redis.register_function: a table of named ones, or a name and a callback. */
function readRegistration(machine: LuaMachine, L: number): RegisteredFunction {
  const count = machine.api.lua_gettop(L)
  if (count < 1 || count > 2) throw fail('wrong number of arguments to redis.register_function')
  return count === 1 ? readNamed(machine, L) : readPositional(machine, L)
}

function readPositional(machine: LuaMachine, L: number): RegisteredFunction {
  const {api} = machine
  if (!machine.isText(L, 1)) throw fail('first argument to redis.register_function must be a string')
  if (api.lua_type(L, 2) !== TYPE_FUNCTION) {
    throw fail('second argument to redis.register_function must be a function')
  }
  return {description: undefined, flags: 0, name: machine.text(L, 1), ref: machine.ref(L)}
}

function readNamed(machine: LuaMachine, L: number): RegisteredFunction {
  const {api} = machine
  if (api.lua_type(L, 1) !== TYPE_TABLE) {
    throw fail(
      'calling redis.register_function with a single argument is only applicable to Lua table ' +
        '(representing named arguments).',
    )
  }
  const draft: Draft = {flags: 0, hasCallback: false}
  // The callback is kept below what lua_next works on.
  api.lua_pushnil(L)
  api.lua_pushnil(L)
  while (api.lua_next(L, 1) !== 0) readArgument(machine, L, draft)
  if (draft.name === undefined) throw fail('redis.register_function must get a function name argument')
  if (!draft.hasCallback) throw fail('redis.register_function must get a callback argument')
  return {description: draft.description, flags: draft.flags, name: draft.name, ref: machine.ref(L)}
}

/** One named argument: key and value are the two at the top of the stack; the key stays. */
function readArgument(machine: LuaMachine, L: number, draft: Draft): void {
  const {api} = machine
  if (!machine.isText(L, -2)) {
    throw fail('named argument key given to redis.register_function is not a string')
  }
  // A copy: reading a number as text changes it on the stack, which would confuse lua_next.
  api.lua_pushvalue(L, -2)
  const key = machine.text(L, -1).toLowerCase()
  api.lua_settop(L, -2)
  switch (key) {
    case 'function_name':
      draft.name = textOf(machine, L, 'function_name')
      break
    case 'description':
      draft.description = textOf(machine, L, 'description')
      break
    case 'callback':
      if (api.lua_type(L, -1) !== TYPE_FUNCTION) {
        throw fail('callback argument given to redis.register_function must be a function')
      }
      draft.hasCallback = true
      api.lua_pushvalue(L, -1)
      api.lua_replace(L, CALLBACK_AT)
      break
    case 'flags':
      if (api.lua_type(L, -1) !== TYPE_TABLE) {
        throw fail('flags argument to redis.register_function must be a table representing function flags')
      }
      draft.flags = readFlags(machine, L)
      break
    default:
      throw fail('unknown argument given to redis.register_function')
  }
  api.lua_settop(L, -2)
}

const CALLBACK_AT = 2

function textOf(machine: LuaMachine, L: number, name: string): string {
  if (!machine.isText(L, -1)) throw fail(`${name} argument given to redis.register_function must be a string`)
  return machine.text(L, -1)
}

function readFlags(machine: LuaMachine, L: number): number {
  const {api} = machine
  let flags = 0
  for (let i = 1; ; i++) {
    api.lua_rawgeti(L, -1, i)
    if (api.lua_type(L, -1) === TYPE_NIL) break
    const bit = machine.isText(L, -1) ? flagBit(machine.text(L, -1)) : undefined
    if (bit === undefined) throw fail('unknown flag given')
    flags |= bit
    api.lua_settop(L, -2)
  }
  api.lua_settop(L, -2)
  return flags
}
