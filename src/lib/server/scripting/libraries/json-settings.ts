import {TYPE_BOOLEAN, TYPE_NIL} from '../lua/exports.js'
import {ArgumentError, type LuaMachine} from '../lua/machine.js'
import type {LibraryFunctions} from './library.js'

const INT_MAX = 2147483647
const ON_OFF = ['off', 'on']
const ON_OFF_NULL = ['off', 'on', 'null']

export const INVALID_REFUSED = 0
export const INVALID_AS_NULL = 2

/** What cjson's options set. One object per instance of the library. */
export interface JsonSettings {
  /** 0 or 1: whether a too sparse array becomes an object. */
  sparseConvert: number
  sparseRatio: number
  sparseSafe: number
  encodeDepthMax: number
  decodeDepthMax: number
  /** Digits of numbers. */
  precision: number
  /** 0 or 1; there is no buffer to keep here. */
  keepBuffer: number
  /** INVALID_...; 1: written as they are. */
  encodeInvalid: number
  /** 0 or 1 */
  decodeInvalid: number
}

export function freshSettings(): JsonSettings {
  return {
    decodeDepthMax: 1000,
    decodeInvalid: 1,
    encodeDepthMax: 1000,
    encodeInvalid: INVALID_REFUSED,
    keepBuffer: 1,
    precision: 14,
    sparseConvert: 0,
    sparseRatio: 2,
    sparseSafe: 10,
  }
}

/** The functions that change settings; each answers what holds then. */
export function settingFunctions(machine: LuaMachine, settings: JsonSettings): LibraryFunctions {
  const {api} = machine

  function takeAtMost(L: number, count: number): void {
    if (api.lua_gettop(L) > count) throw new ArgumentError(count + 1, 'found too many arguments')
    api.lua_settop(L, count)
  }

  function integer(L: number, argument: number, name: keyof JsonSettings, min: number, max: number): void {
    if (api.lua_type(L, argument) !== TYPE_NIL) {
      const value = Math.trunc(api.luaL_checknumber(L, argument))
      if (!(value >= min && value <= max)) {
        throw new ArgumentError(1, `expected integer between ${min} and ${max}`)
      }
      settings[name] = value
    }
    api.lua_pushnumber(L, settings[name])
  }

  function choice(L: number, argument: number, name: keyof JsonSettings, words: readonly string[]): void {
    const type = api.lua_type(L, argument)
    if (type === TYPE_BOOLEAN) {
      settings[name] = api.lua_toboolean(L, argument)
    } else if (type !== TYPE_NIL) {
      const word = machine.checkText(L, argument)
      const value = words.indexOf(word)
      if (value < 0) throw new ArgumentError(argument, `invalid option '${word}'`)
      settings[name] = value
    }
    const value = settings[name]
    if (value <= 1) api.lua_pushboolean(L, value)
    else machine.push(L, words[value]!)
  }

  const oneInteger = (name: keyof JsonSettings, max: number) => (L: number) => {
    takeAtMost(L, 1)
    integer(L, 1, name, 1, max)
    return 1
  }
  const oneChoice = (name: keyof JsonSettings, words: readonly string[]) => (L: number) => {
    takeAtMost(L, 1)
    choice(L, 1, name, words)
    return 1
  }
  return {
    encode_sparse_array: (L) => {
      takeAtMost(L, 3)
      choice(L, 1, 'sparseConvert', ON_OFF)
      integer(L, 2, 'sparseRatio', 0, INT_MAX)
      integer(L, 3, 'sparseSafe', 0, INT_MAX)
      return 3
    },
    encode_max_depth: oneInteger('encodeDepthMax', INT_MAX),
    decode_max_depth: oneInteger('decodeDepthMax', INT_MAX),
    encode_number_precision: oneInteger('precision', 14),
    encode_keep_buffer: oneChoice('keepBuffer', ON_OFF),
    encode_invalid_numbers: oneChoice('encodeInvalid', ON_OFF_NULL),
    decode_invalid_numbers: oneChoice('decodeInvalid', ON_OFF),
  }
}
