import type {Rng} from '../../../src/lib/kernel/rng.js'
import {encodeString} from '../../../src/lib/protocol/rdb/string.js'
import {element, littleEndian} from '../corpus/packed.js'
import {sealed} from '../corpus/values.js'
import {extremeByte, extremeDecimal, extremeNumber, mutated, randomBytes} from '../mutate.js'
import {FuzzedServer} from '../server.js'
import {type FuzzTarget, must, type OpenTarget} from '../target.js'

/** What scripts decode: JSON, MessagePack, structures, and compiled code, which must be refused. */

/** Calls a script with the input; what it answers is the check of the script itself. */
class Script implements OpenTarget {
  private readonly server = new FuzzedServer()

  constructor(
    readonly make: (rng: Rng) => string,
    private readonly source: string,
    private readonly argumentsOf: (input: string) => readonly string[] = (input) => [input],
  ) {}

  run(input: string): boolean {
    return this.server.explain(() => {
      this.server.call('FLUSHALL')
      const reply = this.server.call('EVAL', this.source, '0', ...this.argumentsOf(input))
      must(
        reply === '+taken\r\n' || reply === '+refused\r\n',
        `the script answers ${JSON.stringify(reply.slice(0, 400))}`,
      )
      return reply === '+taken\r\n'
    })
  }
}

function script(name: string, share: number, make: (rng: Rng) => string, source: string): FuzzTarget {
  return {name, open: () => new Script(make, source), share}
}

/** Decoded, encoded and decoded again it must be the same; an error must be a text. */
function roundTrip(decode: string, encode: string): string {
  return `
local function same(a, b, depth)
  if type(a) ~= type(b) then return false end
  if type(a) == 'number' then return a == b or a ~= a and b ~= b or math.abs(a - b) <= math.abs(a) * 1e-13 end
  if type(a) ~= 'table' then return a == b end
  if depth > 12 then return true end
  -- Keys that are tables or lose digits are others when they come back.
  local plain = true
  for k in pairs(a) do if type(k) ~= 'string' and (type(k) ~= 'number' or k ~= math.floor(k) or k > 99999) then plain = false end end
  for k, v in pairs(a) do if plain and not same(v, b[k], depth + 1) then return false end end
  for k in pairs(b) do if plain and a[k] == nil then return false end end
  return true
end
local ok, value = pcall(${decode}, ARGV[1])
if not ok then
  if type(value) ~= 'string' and type(value) ~= 'table' then return redis.error_reply('an error of type ' .. type(value)) end
  return redis.status_reply('refused')
end
local done, text = pcall(${encode}, value)
if done then
  local again, other = pcall(${decode}, text)
  if not again then return redis.error_reply('its own text is refused: ' .. tostring(other)) end
  if not same(value, other, 0) then return redis.error_reply('another value comes back: ' .. text) end
end
return redis.status_reply('taken')`
}

function json(rng: Rng, depth = 0): string {
  switch (rng.below(depth > 4 ? 6 : 9)) {
    case 0:
      return rng.pick([
        'null',
        'true',
        'false',
        'nan',
        '-inf',
        'infinity',
        '+1',
        '0x1F',
        '0x.8p3',
        '01',
        '1.',
        '1e5',
        '{}',
        '[]',
      ])
    case 1:
      return extremeDecimal(rng)
    case 2:
      return String(rng.below(1000) - 500)
    case 3:
    case 4:
    case 5: {
      const text = JSON.stringify(element(rng))
      return rng.chance(0.2)
        ? `"${rng.pick(['\\u00e9', '\\ud83d\\ude00', '\\ud800', '\\u12', '\\/', '\\x', '\\u0000'])}"`
        : text
    }
    case 6:
      return `[${Array.from({length: rng.below(4)}, () => json(rng, depth + 1)).join(rng.pick([',', ' , ']))}]`
    default:
      return `{${Array.from({length: rng.below(4)}, () => `${JSON.stringify(rng.hex(2))}:${json(rng, depth + 1)}`).join(',')}}`
  }
}

function jsonText(rng: Rng): string {
  if (rng.chance(0.005)) return rng.pick(['[', '{"a":', '[[1],']).repeat(rng.below(5000))
  return rng.chance(0.03) ? randomBytes(rng, rng.below(40)) : mutated(rng, json(rng))
}

function messagePack(rng: Rng, depth = 0): string {
  const {fromCharCode} = String
  const many = (count: number) => Array.from({length: count}, () => messagePack(rng, depth + 1)).join('')
  const size = rng.below(4)
  switch (rng.below(depth > 4 ? 6 : 10)) {
    case 0:
      return rng.pick(['\xc0', '\xc2', '\xc3', '\x05', '\xe0', '\xc1', '\xd4ab'])
    case 1:
      return `\xca${randomBytes(rng, 4)}`
    case 2:
      return `\xcb${extremeNumber(rng, 8)}`
    case 3: {
      const kind = rng.below(8)
      return fromCharCode(0xcc + kind) + extremeNumber(rng, 1 << (kind & 3))
    }
    case 4:
    case 5: {
      const text = element(rng)
      if (text.length < 32) return fromCharCode(0xa0 | text.length) + text
      return `${rng.pick(['\xda', '\xc5'])}${[...littleEndian(text.length, 2)].reverse().join('')}${text}`
    }
    case 6:
      return fromCharCode(0x90 | size) + many(size)
    case 7:
      return fromCharCode(0x80 | size) + many(size * 2)
    case 8:
      return `${rng.pick(['\xdc', '\xde'])}${rng.chance(0.2) ? extremeNumber(rng, 2) : `\0${fromCharCode(size)}`}${many(size * 2)}`
    default:
      return `${rng.pick(['\xdd', '\xdf', '\xdb', '\xc6'])}${extremeNumber(rng, 4)}${many(size)}`
  }
}

function messagePackText(rng: Rng): string {
  if (rng.chance(0.005)) return rng.pick(['\x91', '\x81\x01', '\x92\x91']).repeat(rng.below(20_000))
  return rng.chance(0.1) ? randomBytes(rng, rng.below(40)) : mutated(rng, messagePack(rng))
}

const FORMAT = [...'bBhHlLTfdsxiI><!c', 'c0', 'i3', 'I32', 'i33', '!2', '!16', '!', ' ', 'c99999999999', 'i0', 'Z']

/** Where to begin, the length of the format, the format and the data. */
function structure(rng: Rng): string {
  const format = Array.from({length: rng.below(7)}, () => rng.pick(FORMAT)).join('')
  const data = rng.chance(0.5) ? randomBytes(rng, rng.below(40)) : '\x03\0\0\0'.repeat(rng.below(12))
  return `${rng.chance(0.8) ? '1' : extremeDecimal(rng)},${mutated(rng, format)},${data}`
}

const STRUCT = `
local at, format, data = string.match(ARGV[1], '^([^,]*),([^,]*),(.*)$')
if not at then return redis.status_reply('refused') end
pcall(struct.size, format)
local found = {pcall(struct.unpack, format, data, tonumber(at))}
if not found[1] then
  if type(found[2]) ~= 'string' and type(found[2]) ~= 'table' then return redis.error_reply('an error of type ' .. type(found[2])) end
  return redis.status_reply('refused')
end
if type(found[#found]) ~= 'number' then return redis.error_reply('no place to go on') end
pcall(struct.pack, format, unpack(found, 2, #found - 1))
for i = 2, math.min(#found, 5) do
  if type(found[i]) == 'number' then pcall(bit.tohex, found[i], i) pcall(bit.lshift, found[i], found[#found]) end
end
return redis.status_reply('taken')`

const BYTECODE = `
local code = ARGV[1]
local function pieces(size)
  local at = 1
  return function()
    if at > #code then return nil end
    local piece = code:sub(at, at + size - 1)
    at = at + size
    return piece
  end
end
local function is_refused(loaded) return loaded == nil end
if not is_refused(loadstring(code)) then return redis.error_reply('loadstring took compiled code') end
for _, size in ipairs({1, 2, 5, 100000}) do
  if not is_refused(load(pieces(size))) then return redis.error_reply('load took compiled code') end
end
return redis.status_reply('refused')`

/** A real compiled chunk of Lua 5.1, for 32-bit sizes as WebAssembly has them: \`return 1\`. */
const CHUNK =
  '\x1bLua\x51\0\x01\x04\x04\x04\x08\0\x04\0\0\0=x\0\0\0\0\0\0\0\0\0\0\0\0\x02\x02\x03\0\0\0' +
  '\x01\0\0\0\x1e\0\0\x01\x1e\0\x80\0\x01\0\0\0\x03\0\0\0\0\0\0\xf0\x3f\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0'

/** Whatever follows the mark of compiled code. */
function compiled(rng: Rng): string {
  return `\x1b${mutated(rng, CHUNK).slice(1)}`
}

class Bytecode implements OpenTarget {
  private readonly server = new FuzzedServer()
  readonly make = compiled

  run(input: string, rng: Rng): boolean {
    return this.server.explain(() => {
      const {server} = this
      server.call('FLUSHALL')
      const reply = server.call('EVAL', BYTECODE, '0', input)
      must(reply === '+refused\r\n', `the script answers ${JSON.stringify(reply.slice(0, 400))}`)
      const body = rng.chance(0.5) ? input : `#!lua\n${input}`
      must(server.call('EVAL', body, '0').startsWith('-'), 'EVAL took compiled code')
      must(server.call('SCRIPT', 'LOAD', body).startsWith('-'), 'SCRIPT LOAD took compiled code')
      must(
        server.call('FUNCTION', 'LOAD', `#!lua name=x\n${input}`).startsWith('-'),
        'FUNCTION LOAD took compiled code',
      )
      return false
    })
  }
}

const LIBRARY = "redis.register_function('f', function(keys, args) return 1 end)"

function functionDump(rng: Rng): string {
  let text = ''
  for (let left = rng.below(4); left > 0; left--) {
    const head = rng.pick([
      '#!lua name=one\n',
      '#!lua name=two\n',
      '#!js name=x\n',
      '#!lua\n',
      '#!lua name=a b=c\n',
      '',
    ])
    const body = rng.pick([LIBRARY, LIBRARY.replace("'f'", "'g'"), 'return 1', 'error(1)', 'redis.call("PING")', '('])
    text += (rng.chance(0.95) ? '\xf5' : extremeByte(rng)) + encodeString(mutated(rng, head + body), rng.chance(0.5))
  }
  return sealed(rng.chance(0.3) ? mutated(rng, text) : text)
}

class Functions implements OpenTarget {
  private readonly server = new FuzzedServer()
  readonly make = functionDump

  run(input: string, rng: Rng): boolean {
    const {server} = this
    return server.explain(() => {
      server.call('FLUSHALL')
      server.call('FUNCTION', 'FLUSH')
      if (rng.chance(0.3)) server.call('FUNCTION', 'LOAD', `#!lua name=one\n${LIBRARY}`)
      const before = server.bulk('FUNCTION', 'DUMP')!
      const reply = server.call('FUNCTION', 'RESTORE', input, rng.pick(['APPEND', 'REPLACE', 'FLUSH']))
      const after = server.bulk('FUNCTION', 'DUMP')!
      if (!reply.startsWith('+')) {
        must(after === before, 'a refused dump changed the functions')
        return false
      }
      server.call('FCALL', 'f', '0')
      server.call('FUNCTION', 'LIST', 'WITHCODE')
      must(server.call('FUNCTION', 'RESTORE', after, 'FLUSH') === '+OK\r\n', 'its own dump is refused')
      must(server.bulk('FUNCTION', 'DUMP') === after, 'the dump of a dump differs')
      return true
    })
  }
}

export const jsonTarget = script('cjson', 5, jsonText, roundTrip('cjson.decode', 'cjson.encode'))
export const messagePackTarget = script('cmsgpack', 5, messagePackText, roundTrip('cmsgpack.unpack', 'cmsgpack.pack'))
export const structTarget = script('struct', 4, structure, STRUCT)
export const bytecodeTarget: FuzzTarget = {name: 'lua-bytecode', open: () => new Bytecode(), share: 2}
export const functionTarget: FuzzTarget = {name: 'function-restore', open: () => new Functions(), share: 2}
