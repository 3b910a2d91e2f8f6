import {formatG} from '../format-number.js'
import {
  TYPE_BOOLEAN,
  TYPE_FUNCTION,
  TYPE_LIGHT_USERDATA,
  TYPE_NIL,
  TYPE_NUMBER,
  TYPE_STRING,
  TYPE_TABLE,
} from '../lua/exports.js'
import {LuaError, type LuaMachine} from '../lua/machine.js'
import {INVALID_AS_NULL, INVALID_REFUSED, type JsonSettings} from './json-settings.js'

/** Deeper than this JavaScript's stack could end, whatever encode_max_depth says. */
const DEPTH_MAX = 4000
const TYPE_NAMES: Readonly<Record<number, string>> = {
  [TYPE_NIL]: 'nil',
  [TYPE_BOOLEAN]: 'boolean',
  [TYPE_LIGHT_USERDATA]: 'userdata',
  [TYPE_TABLE]: 'table',
  [TYPE_FUNCTION]: 'function',
  7: 'userdata',
  8: 'thread',
}
const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '/': '\\/',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\f': '\\f',
  '\r': '\\r',
}
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must be escaped
const PLAIN = /^[^"\\/\x00-\x1f\x7f]*$/
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above
const ESCAPED = /["\\/\x00-\x1f\x7f]/g

function escaped(character: string): string {
  return SHORT_ESCAPES[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

function refusal(type: number, reason: string): LuaError {
  return new LuaError(`Cannot serialise ${TYPE_NAMES[type] ?? 'number'}: ${reason}`)
}

/** cjson.encode: the value at the top of Lua's stack as JSON text. */
export class JsonEncoder {
  private readonly machine: LuaMachine
  private readonly settings: JsonSettings
  private out = ''

  constructor(machine: LuaMachine, settings: JsonSettings) {
    this.machine = machine
    this.settings = settings
  }

  encode(L: number): string {
    this.out = ''
    this.value(L, 0)
    return this.out
  }

  private text(text: string): void {
    this.out += PLAIN.test(text) ? `"${text}"` : `"${text.replace(ESCAPED, escaped)}"`
  }

  private number(value: number): string {
    if (Number.isInteger(value) && Math.abs(value) < 1e14 && value !== 0 && this.settings.precision === 14) {
      return String(value)
    }
    if (!Number.isFinite(value)) {
      if (this.settings.encodeInvalid === INVALID_REFUSED) {
        throw refusal(TYPE_NUMBER, 'must not be NaN or Inf')
      }
      if (this.settings.encodeInvalid === INVALID_AS_NULL) return 'null'
      if (Number.isNaN(value)) return 'nan'
    }
    return formatG(value, this.settings.precision)
  }

  /** Appends the value at the top of the stack and leaves it there. */
  private value(L: number, depth: number): void {
    const {api} = this.machine
    const type = api.lua_type(L, -1)
    switch (type) {
      case TYPE_STRING:
        this.text(this.machine.text(L, -1))
        break
      case TYPE_NUMBER:
        this.out += this.number(api.lua_tonumber(L, -1))
        break
      case TYPE_BOOLEAN:
        this.out += api.lua_toboolean(L, -1) === 0 ? 'false' : 'true'
        break
      case TYPE_TABLE:
        this.table(L, depth + 1)
        break
      case TYPE_NIL:
        this.out += 'null'
        break
      default:
        if (type !== TYPE_LIGHT_USERDATA || api.lua_topointer(L, -1) !== 0) throw refusal(type, 'type not supported')
        this.out += 'null'
    }
  }

  private table(L: number, depth: number): void {
    const {api} = this.machine
    const max = Math.min(this.settings.encodeDepthMax, DEPTH_MAX)
    if (depth > max || api.lua_checkstack(L, 3) === 0) {
      throw new LuaError(`Cannot serialise, excessive nesting (${depth})`)
    }
    const length = this.arrayLength(L)
    if (length > 0) this.array(L, length, depth)
    else this.object(L, depth)
  }

  /** The highest index if all keys are positive integers; else -1. */
  private arrayLength(L: number): number {
    const {api} = this.machine
    let max = 0
    let items = 0
    api.lua_pushnil(L)
    while (api.lua_next(L, -2) !== 0) {
      api.lua_settop(L, -2)
      const key = api.lua_type(L, -1) === TYPE_NUMBER ? api.lua_tonumber(L, -1) : 0
      if (!(key >= 1 && Math.floor(key) === key)) {
        api.lua_settop(L, -2)
        return -1
      }
      if (key > max) max = key
      items++
    }
    const {sparseConvert, sparseRatio, sparseSafe} = this.settings
    if (sparseRatio > 0 && max > items * sparseRatio && max > sparseSafe) {
      if (sparseConvert === 0) throw refusal(TYPE_TABLE, 'excessively sparse array')
      return -1
    }
    return max
  }

  private array(L: number, length: number, depth: number): void {
    const {api} = this.machine
    this.out += '['
    for (let i = 1; i <= length; i++) {
      if (i > 1) this.out += ','
      api.lua_rawgeti(L, -1, i)
      this.value(L, depth)
      api.lua_settop(L, -2)
    }
    this.out += ']'
  }

  private object(L: number, depth: number): void {
    const {api} = this.machine
    let separator = '{'
    api.lua_pushnil(L)
    while (api.lua_next(L, -2) !== 0) {
      this.out += separator
      separator = ','
      const type = api.lua_type(L, -2)
      if (type === TYPE_STRING) this.text(this.machine.text(L, -2))
      else if (type === TYPE_NUMBER) this.out += `"${this.number(api.lua_tonumber(L, -2))}"`
      else throw refusal(type, 'table key must be a number or string')
      this.out += ':'
      this.value(L, depth)
      api.lua_settop(L, -2)
    }
    this.out += separator === '{' ? '{}' : '}'
  }
}
