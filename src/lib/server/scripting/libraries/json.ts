import {ArgumentError, LuaError, type LuaMachine} from '../lua/machine.js'
import {JsonEncoder} from './json-encode.js'
import {JsonScanner} from './json-scanner.js'
import {freshSettings, type JsonSettings, settingFunctions} from './json-settings.js'
import {type LibraryFunctions, setFunctions} from './library.js'

/** Deeper than this JavaScript's stack could end, whatever decode_max_depth says. */
const DEPTH_MAX = 2000

export const JSON_TEXTS = {_NAME: 'cjson', _VERSION: '2.1.0'}

/** lua-cjson 2.1: JSON of Lua values, and back. */
export function jsonFunctions(machine: LuaMachine): LibraryFunctions {
  const {api} = machine
  const settings = freshSettings()
  const encoder = new JsonEncoder(machine, settings)
  const takeOne = (L: number): void => {
    if (api.lua_gettop(L) !== 1) throw new ArgumentError(1, 'expected 1 argument')
  }
  return {
    ...settingFunctions(machine, settings),
    decode: (L) => {
      takeOne(L)
      new Decoder(machine, settings, machine.checkText(L, 1)).run(L)
      return 1
    },
    encode: (L) => {
      takeOne(L)
      machine.push(L, encoder.encode(L))
      return 1
    },
    new: (L) => {
      api.lua_createtable(L, 0, 13)
      setFunctions(machine, L, jsonFunctions(machine))
      setJsonConstants(machine, L)
      return 1
    },
  }
}

/** What the library's table has beside functions; the table is at the top of the stack. */
export function setJsonConstants(machine: LuaMachine, L: number): void {
  machine.api.lua_pushlightuserdata(L, 0)
  machine.api.lua_setfield(L, -2, machine.name('null'))
  for (const [field, text] of Object.entries(JSON_TEXTS)) machine.setText(L, field, text)
}

class Decoder {
  private readonly machine: LuaMachine
  private readonly settings: JsonSettings
  private readonly scanner: JsonScanner
  private depth = 0

  constructor(machine: LuaMachine, settings: JsonSettings, text: string) {
    this.machine = machine
    this.settings = settings
    this.scanner = new JsonScanner(text, settings.decodeInvalid !== 0)
  }

  /** Pushes the whole text's value. */
  run(L: number): void {
    const {scanner} = this
    const {text} = scanner
    if (text.length >= 2 && (text[0] === '\0' || text[1] === '\0')) {
      throw new LuaError('JSON parser does not support UTF-16 or UTF-32')
    }
    scanner.next()
    this.value(L)
    scanner.next()
    if (scanner.type !== 'T_END') throw this.unexpected('the end')
  }

  private unexpected(wanted: string): LuaError {
    const {index, problem, type} = this.scanner
    const found = type === 'T_ERROR' ? problem : type
    return new LuaError(`Expected ${wanted} but found ${found} at character ${index + 1}`)
  }

  private value(L: number): void {
    const {api} = this.machine
    const {scanner} = this
    switch (scanner.type) {
      case 'T_STRING':
        this.machine.push(L, scanner.string)
        return
      case 'T_NUMBER':
        api.lua_pushnumber(L, scanner.number)
        return
      case 'T_BOOLEAN':
        api.lua_pushboolean(L, scanner.boolean ? 1 : 0)
        return
      case 'T_NULL':
        api.lua_pushlightuserdata(L, 0)
        return
      case 'T_OBJ_BEGIN':
        this.object(L)
        return
      case 'T_ARR_BEGIN':
        this.array(L)
        return
      default:
        throw this.unexpected('value')
    }
  }

  private descend(L: number): void {
    this.depth++
    const max = Math.min(this.settings.decodeDepthMax, DEPTH_MAX)
    if (this.depth <= max && this.machine.api.lua_checkstack(L, 3) !== 0) return
    throw new LuaError(`Found too many nested data structures (${this.depth}) at character ${this.scanner.at}`)
  }

  private object(L: number): void {
    const {api} = this.machine
    const {scanner} = this
    this.descend(L)
    api.lua_createtable(L, 0, 0)
    scanner.next()
    if (scanner.type === 'T_OBJ_END') {
      this.depth--
      return
    }
    for (;;) {
      if (scanner.type !== 'T_STRING') throw this.unexpected('object key string')
      this.machine.push(L, scanner.string)
      if (scanner.next() !== 'T_COLON') throw this.unexpected('colon')
      scanner.next()
      this.value(L)
      api.lua_rawset(L, -3)
      const after = scanner.next()
      if (after === 'T_OBJ_END') break
      if (after !== 'T_COMMA') throw this.unexpected('comma or object end')
      scanner.next()
    }
    this.depth--
  }

  private array(L: number): void {
    const {api} = this.machine
    const {scanner} = this
    this.descend(L)
    api.lua_createtable(L, 0, 0)
    scanner.next()
    if (scanner.type === 'T_ARR_END') {
      this.depth--
      return
    }
    for (let i = 1; ; i++) {
      this.value(L)
      api.lua_rawseti(L, -2, i)
      const after = scanner.next()
      if (after === 'T_ARR_END') break
      if (after !== 'T_COMMA') throw this.unexpected('comma or array end')
      scanner.next()
    }
    this.depth--
  }
}
