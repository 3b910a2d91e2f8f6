import {TYPE_NIL} from '../lua/exports.js'
import type {LuaMachine} from '../lua/machine.js'
import type {LibraryFunctions} from './library.js'

/** Added to a number, this leaves its integer in the low bits of the double, rounded to even. */
const MAGIC = 2 ** 52 + 2 ** 51
const HEX_DIGITS_MAX = 8

/** Lua BitOp: operations on 32-bit integers, signed results. */
export function bitFunctions(machine: LuaMachine): LibraryFunctions {
  const {api} = machine
  const view = new DataView(new ArrayBuffer(8))
  const bits = (L: number, argument: number): number => {
    view.setFloat64(0, api.luaL_checknumber(L, argument) + MAGIC)
    return view.getInt32(4)
  }
  const answer = (L: number, value: number): number => {
    api.lua_pushnumber(L, value | 0)
    return 1
  }
  const fold = (combine: (a: number, b: number) => number) => (L: number) => {
    let value = bits(L, 1)
    for (let i = api.lua_gettop(L); i > 1; i--) value = combine(value, bits(L, i))
    return answer(L, value)
  }
  const shift = (move: (value: number, count: number) => number) => (L: number) => {
    const value = bits(L, 1)
    return answer(L, move(value, bits(L, 2) & 31))
  }
  const rotate = (value: number, count: number): number =>
    count === 0 ? value : (value << count) | (value >>> (32 - count))
  return {
    tobit: (L) => answer(L, bits(L, 1)),
    bnot: (L) => answer(L, ~bits(L, 1)),
    band: fold((a, b) => a & b),
    bor: fold((a, b) => a | b),
    bxor: fold((a, b) => a ^ b),
    lshift: shift((value, count) => value << count),
    rshift: shift((value, count) => value >>> count),
    arshift: shift((value, count) => value >> count),
    rol: shift(rotate),
    ror: shift((value, count) => rotate(value, (32 - count) & 31)),
    bswap: (L) => {
      const value = bits(L, 1)
      return answer(L, (value >>> 24) | ((value >>> 8) & 0xff00) | ((value & 0xff00) << 8) | (value << 24))
    },
    tohex: (L) => {
      const value = bits(L, 1)
      const wanted = api.lua_type(L, 2) <= TYPE_NIL ? HEX_DIGITS_MAX : bits(L, 2)
      const digits = Math.min(Math.abs(wanted), HEX_DIGITS_MAX)
      const text = (value >>> 0)
        .toString(16)
        .padStart(HEX_DIGITS_MAX, '0')
        .slice(HEX_DIGITS_MAX - digits)
      machine.push(L, wanted < 0 ? text.toUpperCase() : text)
      return 1
    },
  }
}
