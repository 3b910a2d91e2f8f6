import {TYPE_NIL} from '../lua/exports.js'
import {ArgumentError, LuaError, type LuaMachine} from '../lua/machine.js'
import {floatBytes, floatFrom, toInt64} from './int64.js'
import type {LibraryFunctions} from './library.js'

const INT_BYTES = 4
const LONG_BYTES = 8
const INTEGRAL_BYTES_MAX = 32
const INT_MAX = 2147483647
const ALIGN_NATIVE = 8

/** Where reading of a format stands, and what it has set so far. */
interface Format {
  readonly text: string
  at: number
  isLittle: boolean
  align: number
}

interface Option {
  readonly code: string
  readonly size: number
  /** Bytes before the item that bring it to a multiple of its alignment. */
  readonly padding: number
}

function formatOf(text: string): Format {
  return {align: 1, at: 0, isLittle: true, text}
}

/** The number after an option; `without` if there is none. */
function count(format: Format, without: number): number {
  const digits = /^[0-9]+/.exec(format.text.slice(format.at, format.at + 20))?.[0]
  if (digits === undefined) return without
  format.at += digits.length
  if (Number(digits) > INT_MAX) throw new LuaError('integral size overflow')
  return Number(digits)
}

function sizeOf(format: Format, code: string): number {
  switch (code) {
    case 'b':
    case 'B':
    case 'x':
      return 1
    case 'h':
    case 'H':
      return 2
    case 'l':
    case 'L':
    case 'T':
    case 'd':
      return LONG_BYTES
    case 'f':
      return INT_BYTES
    case 'c':
      return count(format, 1)
    case 'i':
    case 'I': {
      const size = count(format, INT_BYTES)
      if (size <= INTEGRAL_BYTES_MAX) return size
      throw new LuaError(`integral size ${size} is larger than limit of ${INTEGRAL_BYTES_MAX}`)
    }
    default:
      return 0
  }
}

/** The next option; those that only set something have size 0. @param offset - bytes before the item */
function nextOption(format: Format, offset: number): Option {
  const code = format.text[format.at++]!
  const size = sizeOf(format, code)
  const align = Math.min(size, format.align)
  const isAligned = align <= 1 || code === 'c' || !'bBhHlLTfdiIx'.includes(code) || code === 'x'
  if (isAligned) return {code, padding: 0, size}
  return {code, padding: (align - (offset & (align - 1))) & (align - 1), size}
}

/** What only sets something. @throws for what is no option at all */
function control(format: Format, code: string): void {
  switch (code) {
    case ' ':
      return
    case '<':
      format.isLittle = true
      return
    case '>':
      format.isLittle = false
      return
    case '!': {
      const align = count(format, ALIGN_NATIVE)
      if (align === 0 || (align & (align - 1)) !== 0) throw new LuaError(`alignment ${align} is not a power of 2`)
      format.align = align
      return
    }
    default:
      throw new ArgumentError(1, `invalid format option '${code}'`)
  }
}

/** `size` bytes of which the low eight are the integer's: as its C code does, the rest are zero. */
function integerBytes(value: number, size: number, isLittle: boolean): string {
  // Negative numbers go by the signed cast, others by the unsigned one.
  let rest =
    value < 0
      ? BigInt.asUintN(64, toInt64(value))
      : BigInt.asUintN(64, value < 2 ** 64 ? BigInt(Math.trunc(value) || 0) : 0n)
  let text = ''
  for (let i = 0; i < size; i++) {
    const byte = String.fromCharCode(Number(rest & 0xffn))
    text = isLittle ? text + byte : byte + text
    rest >>= 8n
  }
  return text
}

function integerFrom(text: string, at: number, size: number, isLittle: boolean, isSigned: boolean): number {
  let value = 0n
  for (let i = 0; i < size; i++) {
    const byte = text.charCodeAt(isLittle ? at + size - 1 - i : at + i)
    value = BigInt.asUintN(64, (value << 8n) | BigInt(byte))
  }
  if (!isSigned) return Number(value)
  // A shift by more than 63 bits counts modulo 64, as processors do it.
  const sign = BigInt.asUintN(64, -1n << BigInt((size * 8 + 63) & 63))
  return Number(BigInt.asIntN(64, (value & sign) === 0n ? value : value | sign))
}

/** struct: bytes of C structures, by a format. */
export function structFunctions(machine: LuaMachine): LibraryFunctions {
  const {api} = machine

  function pack(L: number): number {
    const format = formatOf(machine.checkText(L, 1))
    // A missing argument reads as nil.
    api.lua_pushnil(L)
    let text = ''
    let argument = 2
    while (format.at < format.text.length) {
      const option = nextOption(format, text.length)
      text += '\0'.repeat(option.padding)
      switch (option.code) {
        case 'b':
        case 'B':
        case 'h':
        case 'H':
        case 'l':
        case 'L':
        case 'T':
        case 'i':
        case 'I':
          text += integerBytes(api.luaL_checknumber(L, argument++), option.size, format.isLittle)
          break
        case 'x':
          text += '\0'
          break
        case 'f':
          text += floatBytes(api.luaL_checknumber(L, argument++), 4, format.isLittle)
          break
        case 'd':
          text += floatBytes(api.luaL_checknumber(L, argument++), 8, format.isLittle)
          break
        case 'c':
        case 's': {
          const piece = machine.checkText(L, argument++)
          const size = option.size === 0 ? piece.length : option.size
          if (piece.length < size) throw new ArgumentError(argument, 'string too short')
          text += piece.slice(0, size)
          if (option.code === 's') text += '\0'
          break
        }
        default:
          control(format, option.code)
      }
    }
    machine.push(L, text)
    return 1
  }

  function unpack(L: number): number {
    const format = formatOf(machine.checkText(L, 1))
    const data = machine.checkText(L, 2)
    const start = api.lua_type(L, 3) <= TYPE_NIL ? 1 : Number(toInt64(api.luaL_checknumber(L, 3)))
    if (start === 0) throw new ArgumentError(3, 'offset must be 1 or greater')
    let at = start - 1
    let pushed = 0
    while (format.at < format.text.length) {
      const option = nextOption(format, at)
      at += option.padding
      if (at < 0 || at > data.length || option.size > data.length - at) {
        throw new ArgumentError(2, 'data string too short')
      }
      if (api.lua_checkstack(L, 2) === 0) throw new LuaError('stack overflow (too many results)')
      let {size} = option
      switch (option.code) {
        case 'b':
        case 'h':
        case 'l':
        case 'i':
          api.lua_pushnumber(L, integerFrom(data, at, size, format.isLittle, true))
          pushed++
          break
        case 'B':
        case 'H':
        case 'L':
        case 'T':
        case 'I':
          api.lua_pushnumber(L, integerFrom(data, at, size, format.isLittle, false))
          pushed++
          break
        case 'x':
          break
        case 'f':
          api.lua_pushnumber(L, floatFrom(data, at, 4, format.isLittle))
          pushed++
          break
        case 'd':
          api.lua_pushnumber(L, floatFrom(data, at, 8, format.isLittle))
          pushed++
          break
        case 'c':
          if (size === 0) {
            if (pushed === 0 || api.lua_type(L, -1) !== 3) throw new LuaError("format 'c0' needs a previous size")
            size = Math.trunc(api.lua_tonumber(L, -1))
            api.lua_settop(L, -2)
            pushed--
            if (!(size >= 0 && size <= data.length - at)) throw new ArgumentError(2, 'data string too short')
          }
          machine.push(L, data.slice(at, at + size))
          pushed++
          break
        case 's': {
          const end = data.indexOf('\0', at)
          if (end < 0) throw new LuaError('unfinished string in data')
          machine.push(L, data.slice(at, end))
          size = end - at + 1
          pushed++
          break
        }
        default:
          control(format, option.code)
      }
      at += size
    }
    api.lua_pushnumber(L, at + 1)
    return pushed + 1
  }

  function size(L: number): number {
    const format = formatOf(machine.checkText(L, 1))
    let total = 0
    while (format.at < format.text.length) {
      const option = nextOption(format, total)
      total += option.padding
      if (option.code === 's') throw new ArgumentError(1, "option 's' has no fixed size")
      if (option.code === 'c' && option.size === 0) throw new ArgumentError(1, "option 'c0' has no fixed size")
      if (!/[A-Za-z]/.test(option.code) || option.size === 0) {
        if (!'iI'.includes(option.code)) control(format, option.code)
      }
      total += option.size
    }
    api.lua_pushnumber(L, total)
    return 1
  }

  return {pack, unpack, size}
}
