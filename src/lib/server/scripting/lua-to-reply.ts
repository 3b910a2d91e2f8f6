import type {ReplyWriter} from '../reply.js'
import {formatArgument, truncated} from './format-number.js'
import {TYPE_BOOLEAN, TYPE_NIL, TYPE_NUMBER, TYPE_STRING, TYPE_TABLE} from './lua/exports.js'
import type {LuaMachine} from './lua/machine.js'

/** Slots of Lua's stack that one level of a table needs. */
const SLOTS_PER_LEVEL = 4
/** Tables in tables deeper than this would leave JavaScript's stack before Lua's. */
const DEPTH_MAX = 4000
const TOO_DEEP = 'ERR reached lua stack limit'

/**
 * Writes the value at the top of Lua's stack as a reply, and pops it.
 *
 * @param scriptResp - what the script set by redis.setresp: in RESP2 true is 1 and false is nil
 */
export function writeValue(machine: LuaMachine, L: number, reply: ReplyWriter, scriptResp: number, depth = 0): void {
  const {api} = machine
  if (depth > DEPTH_MAX || api.lua_checkstack(L, SLOTS_PER_LEVEL) === 0) {
    reply.error(TOO_DEEP)
    api.lua_settop(L, -2)
    return
  }
  switch (api.lua_type(L, -1)) {
    case TYPE_STRING:
      reply.bulk(machine.text(L, -1))
      break
    case TYPE_NUMBER:
      reply.raw(`:${truncated(api.lua_tonumber(L, -1))}\r\n`)
      break
    case TYPE_BOOLEAN: {
      const isTrue = api.lua_toboolean(L, -1) !== 0
      if (scriptResp === 3) reply.boolean(isTrue)
      else if (isTrue) reply.integer(1)
      else reply.nil()
      break
    }
    case TYPE_TABLE:
      writeTable(machine, L, reply, scriptResp, depth)
      break
    default:
      reply.nil()
  }
  api.lua_settop(L, -2)
}

/** Pushes a field of the table at the top, past any metatable. */
function pushField(machine: LuaMachine, L: number, name: string): number {
  machine.push(L, name)
  machine.api.lua_rawget(L, -2)
  return machine.api.lua_type(L, -1)
}

/** Writes the table at the top of the stack and leaves it there. */
function writeTable(machine: LuaMachine, L: number, reply: ReplyWriter, scriptResp: number, depth: number): void {
  const {api} = machine
  const top = api.lua_gettop(L)
  try {
    if (pushField(machine, L, 'err') === TYPE_STRING) {
      reply.error(machine.text(L, -1))
      return
    }
    api.lua_settop(L, top)
    if (pushField(machine, L, 'ok') === TYPE_STRING) {
      reply.simple(oneLine(machine.text(L, -1)))
      return
    }
    api.lua_settop(L, top)
    if (pushField(machine, L, 'double') === TYPE_NUMBER) {
      reply.double(formatArgument(api.lua_tonumber(L, -1)))
      return
    }
    api.lua_settop(L, top)
    if (pushField(machine, L, 'map') === TYPE_TABLE) {
      writeEntries(machine, L, reply, scriptResp, depth, true)
      return
    }
    api.lua_settop(L, top)
    if (pushField(machine, L, 'set') === TYPE_TABLE) {
      writeEntries(machine, L, reply, scriptResp, depth, false)
      return
    }
    api.lua_settop(L, top)
    if (pushField(machine, L, 'big_number') === TYPE_STRING) {
      reply.bigNumber(oneLine(machine.text(L, -1)))
      return
    }
    api.lua_settop(L, top)
    if (pushField(machine, L, 'verbatim_string') === TYPE_TABLE && writeVerbatim(machine, L, reply)) return
    api.lua_settop(L, top)
    writeArray(machine, L, reply, scriptResp, depth)
  } finally {
    api.lua_settop(L, top)
  }
}

function oneLine(text: string): string {
  return text.replace(/[\r\n]/g, ' ')
}

/** @returns false if fields are missing: it is a table like any other then */
function writeVerbatim(machine: LuaMachine, L: number, reply: ReplyWriter): boolean {
  if (pushField(machine, L, 'format') !== TYPE_STRING) return false
  const format = machine.text(L, -1).slice(0, 3)
  machine.api.lua_settop(L, -2)
  if (pushField(machine, L, 'string') !== TYPE_STRING) return false
  const text = machine.text(L, -1)
  if (reply.resp === 3) reply.raw(`=${text.length + 4}\r\n${format.padEnd(3, ' ')}:${text}\r\n`)
  else reply.bulk(text)
  return true
}

/** All up to the first nil. */
function writeArray(machine: LuaMachine, L: number, reply: ReplyWriter, scriptResp: number, depth: number): void {
  const before = reply.out
  reply.out = ''
  let count = 0
  for (;;) {
    machine.api.lua_rawgeti(L, -1, count + 1)
    if (machine.api.lua_type(L, -1) === TYPE_NIL) break
    writeValue(machine, L, reply, scriptResp, depth + 1)
    count++
  }
  reply.out = `${before}*${count}\r\n${reply.out}`
}

/** The entries of the table at the top as a map, or its keys as a set. */
function writeEntries(
  machine: LuaMachine,
  L: number,
  reply: ReplyWriter,
  scriptResp: number,
  depth: number,
  isMap: boolean,
): void {
  const {api} = machine
  const before = reply.out
  reply.out = ''
  let count = 0
  api.lua_pushnil(L)
  while (api.lua_next(L, -2) !== 0) {
    api.lua_pushvalue(L, -2)
    writeValue(machine, L, reply, scriptResp, depth + 1)
    if (isMap) writeValue(machine, L, reply, scriptResp, depth + 1)
    else api.lua_settop(L, -2)
    count++
  }
  const written = reply.out
  reply.out = before
  if (isMap) reply.map(count)
  else reply.set(count)
  reply.out += written
}
