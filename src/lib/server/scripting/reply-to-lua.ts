import type {LuaMachine} from './lua/machine.js'

const CODE = (text: string): number => text.charCodeAt(0)
const BULK = CODE('$')
const INTEGER = CODE(':')
const STATUS = CODE('+')
const ERROR = CODE('-')
const ARRAY = CODE('*')
const MAP = CODE('%')
const SET = CODE('~')
const PUSH = CODE('>')
const DOUBLE = CODE(',')
const BOOLEAN = CODE('#')
const NULL = CODE('_')
const BIG_NUMBER = CODE('(')
const VERBATIM = CODE('=')

/** Slots of Lua's stack that one level of a reply needs. */
const SLOTS_PER_LEVEL = 6

/**
 * Pushes a reply as the Lua value Redis makes of it: nil of RESP2 is false, a status is `{ok = ...}`, RESP3's types are
 * tables that name theirs.
 *
 * @param text - RESP as a command wrote it, whole
 * @returns where the next value begins
 */
export function pushReply(machine: LuaMachine, L: number, text: string, at = 0): number {
  const {api} = machine
  const end = text.indexOf('\r\n', at)
  const next = end + 2
  switch (text.charCodeAt(at)) {
    case BULK: {
      const length = Number(text.slice(at + 1, end))
      if (length < 0) {
        api.lua_pushboolean(L, 0)
        return next
      }
      machine.push(L, text.slice(next, next + length))
      return next + length + 2
    }
    case INTEGER:
      api.lua_pushnumber(L, Number(text.slice(at + 1, end)))
      return next
    case STATUS:
      api.lua_createtable(L, 0, 1)
      machine.setText(L, 'ok', text.slice(at + 1, end))
      return next
    case ERROR:
      machine.pushError(L, text.slice(at + 1, end))
      return next
    case ARRAY:
    case PUSH:
      return pushArray(machine, L, text, Number(text.slice(at + 1, end)), next)
    case MAP:
      return pushMap(machine, L, text, Number(text.slice(at + 1, end)), next)
    case SET:
      return pushSet(machine, L, text, Number(text.slice(at + 1, end)), next)
    case DOUBLE:
      api.lua_createtable(L, 0, 1)
      machine.setNumber(L, 'double', parseDouble(text.slice(at + 1, end)))
      return next
    case BOOLEAN:
      api.lua_pushboolean(L, text[at + 1] === 't' ? 1 : 0)
      return next
    case NULL:
      api.lua_pushnil(L)
      return next
    case BIG_NUMBER:
      api.lua_createtable(L, 0, 1)
      machine.setText(L, 'big_number', text.slice(at + 1, end))
      return next
    case VERBATIM:
      return pushVerbatim(machine, L, text, Number(text.slice(at + 1, end)), next)
    default:
      throw new Error(`no reply: ${JSON.stringify(text.slice(at, at + 20))}`)
  }
}

function parseDouble(text: string): number {
  if (text === 'inf') return Number.POSITIVE_INFINITY
  if (text === '-inf') return Number.NEGATIVE_INFINITY
  return Number(text)
}

function pushArray(machine: LuaMachine, L: number, text: string, count: number, first: number): number {
  const {api} = machine
  if (count < 0) {
    api.lua_pushboolean(L, 0)
    return first
  }
  api.lua_checkstack(L, SLOTS_PER_LEVEL)
  api.lua_createtable(L, count, 0)
  let at = first
  for (let i = 1; i <= count; i++) {
    at = pushReply(machine, L, text, at)
    api.lua_rawseti(L, -2, i)
  }
  return at
}

function pushMap(machine: LuaMachine, L: number, text: string, count: number, first: number): number {
  const {api} = machine
  api.lua_checkstack(L, SLOTS_PER_LEVEL)
  api.lua_createtable(L, 0, 1)
  api.lua_createtable(L, 0, count)
  let at = first
  for (let i = 0; i < count; i++) {
    at = pushReply(machine, L, text, at)
    at = pushReply(machine, L, text, at)
    api.lua_rawset(L, -3)
  }
  api.lua_setfield(L, -2, machine.name('map'))
  return at
}

function pushSet(machine: LuaMachine, L: number, text: string, count: number, first: number): number {
  const {api} = machine
  api.lua_checkstack(L, SLOTS_PER_LEVEL)
  api.lua_createtable(L, 0, 1)
  api.lua_createtable(L, 0, count)
  let at = first
  for (let i = 0; i < count; i++) {
    at = pushReply(machine, L, text, at)
    api.lua_pushboolean(L, 1)
    api.lua_rawset(L, -3)
  }
  api.lua_setfield(L, -2, machine.name('set'))
  return at
}

function pushVerbatim(machine: LuaMachine, L: number, text: string, length: number, first: number): number {
  const {api} = machine
  api.lua_createtable(L, 0, 1)
  api.lua_createtable(L, 0, 2)
  machine.setText(L, 'format', text.slice(first, first + 3))
  machine.setText(L, 'string', text.slice(first + 4, first + length))
  api.lua_setfield(L, -2, machine.name('verbatim_string'))
  return first + length + 2
}
