import {expect, it} from 'vitest'
import {Rig} from '../rig.js'

const DEPTHS = "local text = string.rep('OPEN', 5000) local ok, why = pcall(DECODE, text) return {tostring(ok), why}"

it.each([
  ['MessagePack', 'cmsgpack.unpack', '\\\\x91', /too deeply nested/],
  ['MessagePack of maps', 'cmsgpack.unpack', '\\\\x81\\\\x01', /too deeply nested/],
  ['JSON', 'cjson.decode', '[', /Found too many nested data structures/],
])('%s nested without end is an error that the script can catch', (_, decode, open, why) => {
  const rig = new Rig()
  const client = rig.connect()
  const raise = decode.startsWith('cjson') ? 'cjson.decode_max_depth(1000000) ' : ''
  const script = `${raise}${DEPTHS.replace('DECODE', decode).replace('OPEN', open)}`
  const reply = rig.run(client, `EVAL "${script.replaceAll('\\\\', '\\')}" 0`)
  expect(reply).toMatch(/^\*2\r\n\$5\r\nfalse\r\n/)
  expect(reply).toMatch(why)
})

it.each(["struct.unpack, 'H', 'abcd', 0/0", "cmsgpack.unpack_one, 'a', 0/0", "cmsgpack.unpack_limit, 'a', 0/0"])(
  'a place that is no number is an error that the script can catch: %s',
  (call) => {
    const rig = new Rig()
    const client = rig.connect()
    expect(rig.run(client, `EVAL "return tostring(pcall(${call}))" 0`)).toBe('$5\r\nfalse\r\n')
  },
)
