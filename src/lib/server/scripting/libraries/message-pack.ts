import {TYPE_BOOLEAN, TYPE_NIL, TYPE_NUMBER, TYPE_STRING, TYPE_TABLE} from '../lua/exports.js'
import {ArgumentError, LuaError, type LuaMachine} from '../lua/machine.js'
import {floatBytes, floatFrom, toInt64} from './int64.js'
import type {LibraryFunctions} from './library.js'

/** Tables in tables deeper than this are packed as nil. */
const DEPTH_MAX = 16
/** Deeper than this bytes are not unpacked: JavaScript's stack must not end within Lua. */
const UNPACK_DEPTH_MAX = 1000
const TWO_63 = 2 ** 63
const TWO_64 = 2 ** 64
const BAD_FORMAT = 'Bad data format in input.'
const MISSING_BYTES = 'Missing bytes in input.'

/** Big-endian. */
function bytes(value: number | bigint, width: number): string {
  let rest = BigInt.asUintN(width * 8, BigInt(value))
  let text = ''
  for (let i = 0; i < width; i++) {
    text = String.fromCharCode(Number(rest & 0xffn)) + text
    rest >>= 8n
  }
  return text
}

const head = (code: number): string => String.fromCharCode(code)

function packNumber(value: number): string {
  if (!Number.isInteger(value) || value >= TWO_64 || value < -TWO_63 || (value >= TWO_63 && value > 0)) {
    const isFloat = Math.fround(value) === value
    return isFloat ? head(0xca) + floatBytes(value, 4, false) : head(0xcb) + floatBytes(value, 8, false)
  }
  if (value >= 0) {
    if (value <= 127) return head(value)
    if (value <= 0xff) return head(0xcc) + bytes(value, 1)
    if (value <= 0xffff) return head(0xcd) + bytes(value, 2)
    if (value <= 0xffff_ffff) return head(0xce) + bytes(value, 4)
    return head(0xcf) + bytes(value, 8)
  }
  if (value >= -32) return head(256 + value)
  if (value >= -128) return head(0xd0) + bytes(value, 1)
  if (value >= -32768) return head(0xd1) + bytes(value, 2)
  if (value >= -2147483648) return head(0xd2) + bytes(value, 4)
  return head(0xd3) + bytes(value, 8)
}

function packText(text: string): string {
  const {length} = text
  if (length < 32) return head(0xa0 | length) + text
  if (length <= 0xff) return head(0xd9) + bytes(length, 1) + text
  if (length <= 0xffff) return head(0xda) + bytes(length, 2) + text
  return head(0xdb) + bytes(length, 4) + text
}

function packCount(count: number, short: number, shortMax: number, code16: number): string {
  if (count <= shortMax) return head(short | count)
  if (count <= 0xffff) return head(code16) + bytes(count, 2)
  return head(code16 + 1) + bytes(count, 4)
}

/** cmsgpack 0.4: MessagePack of Lua values, and back. */
export function messagePackFunctions(machine: LuaMachine): LibraryFunctions {
  const {api} = machine

  /** Packs the value at the top of the stack, and pops it. */
  function packTop(L: number, depth: number): string {
    const type = api.lua_type(L, -1)
    let text = head(0xc0)
    if (type === TYPE_STRING) text = packText(machine.text(L, -1))
    else if (type === TYPE_NUMBER) text = packNumber(api.lua_tonumber(L, -1))
    else if (type === TYPE_BOOLEAN) text = head(api.lua_toboolean(L, -1) === 0 ? 0xc2 : 0xc3)
    else if (type === TYPE_TABLE && depth < DEPTH_MAX) text = packTable(L, depth)
    api.lua_settop(L, -2)
    return text
  }

  /** The number of elements if all keys are 1..n; else -1. */
  function arrayLength(L: number): number {
    let count = 0
    let max = 0
    api.lua_pushnil(L)
    while (api.lua_next(L, -2) !== 0) {
      api.lua_settop(L, -2)
      const key = api.lua_type(L, -1) === TYPE_NUMBER ? api.lua_tonumber(L, -1) : 0
      if (key < 1 || !Number.isInteger(key)) {
        api.lua_settop(L, -2)
        return -1
      }
      count++
      if (key > max) max = key
    }
    return max === count ? count : -1
  }

  function packTable(L: number, depth: number): string {
    if (api.lua_checkstack(L, 8) === 0) throw new LuaError('stack overflow')
    const length = arrayLength(L)
    if (length >= 0) {
      let text = packCount(length, 0x90, 15, 0xdc)
      for (let i = 1; i <= length; i++) {
        api.lua_rawgeti(L, -1, i)
        text += packTop(L, depth + 1)
      }
      return text
    }
    let count = 0
    let text = ''
    api.lua_pushnil(L)
    while (api.lua_next(L, -2) !== 0) {
      api.lua_pushvalue(L, -2)
      text += packTop(L, depth + 1)
      text += packTop(L, depth + 1)
      count++
    }
    return packCount(count, 0x80, 15, 0xde) + text
  }

  function pack(L: number): number {
    const count = api.lua_gettop(L)
    if (count === 0) throw new ArgumentError(0, 'MessagePack pack needs input.')
    if (api.lua_checkstack(L, 8) === 0) throw new ArgumentError(0, 'Too many arguments for MessagePack pack.')
    let text = ''
    for (let i = 1; i <= count; i++) {
      api.lua_pushvalue(L, i)
      text += packTop(L, 0)
    }
    machine.push(L, text)
    return 1
  }

  const unpacker = new Unpacker(machine)
  return {
    pack,
    unpack: (L) => unpacker.run(L, 0, 0),
    unpack_one: (L) => {
      const offset = optionalInteger(L, 2, 0)
      machine.checkText(L, 1)
      api.lua_settop(L, 1)
      return unpacker.run(L, 1, offset)
    },
    unpack_limit: (L) => {
      machine.checkText(L, 1)
      const limit = Number(toInt64(api.luaL_checknumber(L, 2)))
      const offset = optionalInteger(L, 3, 0)
      api.lua_settop(L, 1)
      return unpacker.run(L, limit, offset)
    },
  }

  function optionalInteger(L: number, argument: number, without: number): number {
    return api.lua_type(L, argument) <= TYPE_NIL ? without : Number(toInt64(api.luaL_checknumber(L, argument)))
  }
}

class Unpacker {
  private readonly machine: LuaMachine
  private text = ''
  private at = 0
  private depth = 0

  constructor(machine: LuaMachine) {
    this.machine = machine
  }

  /** Pushes the objects in argument 1. @param limit - 0: all of them; else that many, and first where the next begins */
  run(L: number, limit: number, offset: number): number {
    const {api} = this.machine
    const text = this.machine.checkText(L, 1)
    if (offset < 0 || limit < 0) {
      throw new LuaError(`Invalid request to unpack with offset of ${offset} and limit of ${text.length}.`)
    }
    if (offset > text.length) {
      throw new LuaError(`Start offset ${offset} greater than input length ${text.length}.`)
    }
    this.text = text
    this.at = offset
    this.depth = 0
    const max = limit === 0 ? Number.POSITIVE_INFINITY : limit
    let count = 0
    while (this.at < text.length && count < max) {
      if (api.lua_checkstack(L, 4) === 0) throw new LuaError('too many results to unpack')
      this.value(L)
      count++
    }
    if (limit === 0) return count
    api.lua_pushnumber(L, this.at < text.length ? this.at : -1)
    api.lua_insert(L, 2)
    return count + 1
  }

  private take(length: number): number {
    if (length > this.text.length - this.at) throw new LuaError(MISSING_BYTES)
    const from = this.at
    this.at += length
    return from
  }

  private unsigned(width: number): bigint {
    let value = 0n
    for (let from = this.take(width), end = from + width; from < end; from++) {
      value = (value << 8n) | BigInt(this.text.charCodeAt(from))
    }
    return value
  }

  private pushText(L: number, length: number): void {
    const from = this.take(length)
    this.machine.push(L, this.text.slice(from, from + length))
  }

  private value(L: number): void {
    const {api} = this.machine
    const code = this.text.charCodeAt(this.take(1))
    if (code <= 0x7f) {
      api.lua_pushnumber(L, code)
      return
    }
    if (code >= 0xe0) {
      api.lua_pushnumber(L, code - 256)
      return
    }
    if (code <= 0x8f) {
      this.map(L, code & 0xf)
      return
    }
    if (code <= 0x9f) {
      this.array(L, code & 0xf)
      return
    }
    if (code <= 0xbf) {
      this.pushText(L, code & 0x1f)
      return
    }
    switch (code) {
      case 0xc0:
        api.lua_pushnil(L)
        return
      case 0xc2:
      case 0xc3:
        api.lua_pushboolean(L, code & 1)
        return
      case 0xca:
        api.lua_pushnumber(L, floatFrom(this.text, this.take(4), 4, false))
        return
      case 0xcb:
        api.lua_pushnumber(L, floatFrom(this.text, this.take(8), 8, false))
        return
      case 0xcc:
      case 0xcd:
      case 0xce:
      case 0xcf:
        // An integer of C's, so the highest of 64 bits are negative.
        api.lua_pushnumber(L, Number(BigInt.asIntN(64, this.unsigned(1 << (code - 0xcc)))))
        return
      case 0xd0:
      case 0xd1:
      case 0xd2:
      case 0xd3: {
        const width = 1 << (code - 0xd0)
        api.lua_pushnumber(L, Number(BigInt.asIntN(width * 8, this.unsigned(width))))
        return
      }
      case 0xc4:
      case 0xc5:
      case 0xc6:
        this.pushText(L, Number(this.unsigned(1 << (code - 0xc4))))
        return
      case 0xd9:
      case 0xda:
      case 0xdb:
        this.pushText(L, Number(this.unsigned(1 << (code - 0xd9))))
        return
      case 0xdc:
      case 0xdd:
        this.array(L, Number(this.unsigned(code === 0xdc ? 2 : 4)))
        return
      case 0xde:
      case 0xdf:
        this.map(L, Number(this.unsigned(code === 0xde ? 2 : 4)))
        return
      default:
        throw new LuaError(BAD_FORMAT)
    }
  }

  private array(L: number, count: number): void {
    const {api} = this.machine
    this.descend(L)
    for (let i = 1; i <= count; i++) {
      this.value(L)
      api.lua_rawseti(L, -2, i)
    }
    this.depth--
  }

  private map(L: number, count: number): void {
    const {api} = this.machine
    this.descend(L)
    for (let i = 0; i < count; i++) {
      this.value(L)
      this.value(L)
      // A key that is nil or not a number makes Lua raise its own error.
      api.lua_rawset(L, -3)
    }
    this.depth--
  }

  private descend(L: number): void {
    const {api} = this.machine
    if (++this.depth > UNPACK_DEPTH_MAX || api.lua_checkstack(L, 4) === 0) throw new LuaError('too deeply nested')
    api.lua_createtable(L, 0, 0)
  }
}
