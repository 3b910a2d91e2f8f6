import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {parseNodeConfAddress, quoteConfValue, renderNodeConf} from '../../../src/lib/engine/node-conf.js'

const spec = {address: {host: '127.0.0.1', port: 17001}, busPort: 27001, cluster: true, environment: 'blue', name: 'n1'}

const awkward = fc.constantFrom('"', '\\', "'", ' ', '\n', '\0', '#', 'x41', 'a', '\u00e9')

/** What redis.conf makes of a value: a bare word, or a double-quoted string with C escapes, in bytes. */
function unquote(text: string): string {
  if (!text.startsWith('"')) return text
  const bytes: number[] = []
  for (let index = 1; index < text.length - 1; index++) {
    const hex = /^\\x([0-9a-f]{2})/.exec(text.slice(index))
    if (hex) {
      bytes.push(Number.parseInt(hex[1]!, 16))
      index += 3
    } else {
      if (text[index] === '"') throw new Error(`the string ends early: ${text}`)
      if (text[index] === '\\') index++
      bytes.push(text.charCodeAt(index))
    }
  }
  return Buffer.from(bytes).toString('utf8')
}

describe('node configuration', () => {
  it('quotes any value so that it stays one word on one line and reads back as it was', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(awkward, fc.string({maxLength: 1, unit: 'grapheme'}))), (parts) => {
        const value = parts.join('')
        const quoted = quoteConfValue(value)
        expect(quoted).toMatch(/^(?:[\x21-\x7e]+|"[\x20-\x7e]*")$/)
        expect(unquote(quoted)).toBe(value)
      }),
    )
  })

  it('names ports, folder, both passwords and further settings', () => {
    const text = renderNodeConf({...spec, password: 'a b', settings: [['cluster-node-timeout', '2000']]}, '/s/n1')
    expect(text.split('\n')).toEqual(
      expect.arrayContaining([
        'port 17001',
        'cluster-port 27001',
        'cluster-enabled yes',
        'dir /s/n1',
        'requirepass "a b"',
        'masterauth "a b"',
        'cluster-node-timeout 2000',
      ]),
    )
  })

  it('gives the address back', () => {
    expect(parseNodeConfAddress(renderNodeConf(spec, '/s/n1'))).toEqual(spec.address)
    expect(parseNodeConfAddress('')).toBeUndefined()
  })
})
