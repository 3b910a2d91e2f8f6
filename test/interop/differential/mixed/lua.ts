import {createHash} from 'node:crypto'
import type {Rng} from '../../../../src/lib/kernel/rng.js'

/** Commands that run inside of scripts and functions. */

/** A command with what the parts of its reply are replies to, if it is but a shell around others. */
export interface Request {
  readonly argv: readonly string[]
  /** The reply is that of one command, or an array with one reply of each. */
  readonly inner?: {readonly kind: 'each' | 'one'; readonly requests: readonly Request[]}
}

const ONE = 'return redis.call(unpack(ARGV))'
const SHA_OF_ONE = createHash('sha1').update(ONE).digest('hex')
const ONE_SCRIPTS = [
  ONE,
  'return redis.pcall(unpack(ARGV))',
  'redis.setresp(3) return redis.call(unpack(ARGV))',
  'redis.setresp(3) return redis.pcall(unpack(ARGV))',
  "local r = redis.call(unpack(ARGV)) redis.call('exists', 'm0') return r",
]
const TYPED = 'local r = redis.pcall(unpack(ARGV)) return {type(r), type(r) == "table" and (r.err or r.ok) or false, r}'
const TYPED_3 = `redis.setresp(3) ${TYPED}`
/** Each as its number of words, and the words. */
const MANY = `local out, i = {}, 1
while i <= #ARGV do
  local words = {}
  for j = 1, tonumber(ARGV[i]) do words[j] = ARGV[i + j] end
  out[#out + 1] = redis.pcall(unpack(words))
  i = i + #words + 1
end
return out`
const LIBRARY = `#!lua name=mixed
redis.register_function('one', function(keys, args) return redis.call(unpack(args)) end)
redis.register_function{function_name = 'one_ro', flags = {'no-writes'},
  callback = function(keys, args) return redis.pcall(unpack(args)) end}`

const one = (argv: readonly string[], inner: Request): Request => ({argv, inner: {kind: 'one', requests: [inner]}})

/** @param draw - makes the commands that run inside */
export function inScript(rng: Rng, draw: () => readonly string[]): Request {
  const command = draw()
  const inner: Request = {argv: command}
  const kind = rng.below(100)
  if (kind < 35) return one(['EVAL', rng.pick(ONE_SCRIPTS), '0', ...command], inner)
  if (kind < 45) return one(['EVAL_RO', rng.pick(ONE_SCRIPTS), '0', ...command], inner)
  if (kind < 50) return one([rng.pick(['EVALSHA', 'EVALSHA_RO']), SHA_OF_ONE, '0', ...command], inner)
  if (kind < 53) return {argv: ['SCRIPT', 'LOAD', ONE]}
  if (kind < 57) return {argv: ['FUNCTION', 'LOAD', 'REPLACE', LIBRARY]}
  if (kind < 64) return one(['FCALL', 'one', '0', ...command], inner)
  if (kind < 70) return one([rng.pick(['FCALL', 'FCALL_RO']), 'one_ro', '0', ...command], inner)
  if (kind < 85) {
    const text = {argv: ['PING']}
    return {
      argv: ['EVAL', rng.pick([TYPED, TYPED_3]), '0', ...command],
      inner: {kind: 'each', requests: [text, text, inner]},
    }
  }
  const commands = [command, ...Array.from({length: rng.below(4)}, draw).filter(([name]) => !/^sort/i.test(name!))]
  return {
    argv: ['EVAL', MANY, '0', ...commands.flatMap((words) => [String(words.length), ...words])],
    inner: {kind: 'each', requests: commands.map((argv) => ({argv}))},
  }
}
