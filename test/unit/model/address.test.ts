import {describe, expect, it} from 'vitest'
import {CliError} from '../../../src/lib/kernel/errors.js'
import {parseAddress, renderAddress, tryParseAddress} from '../../../src/lib/model/address.js'

const valid: [text: string, host: string, port: number][] = [
  ['127.0.0.1:7000', '127.0.0.1', 7000],
  ['redis-1.example:6379', 'redis-1.example', 6379],
  ['[::1]:7000', '::1', 7000],
  ['::1:7000', '::1', 7000],
  ['127.0.0.1:7000@17000', '127.0.0.1', 7000],
  [' localhost:1 ', 'localhost', 1],
  ['/run/redis/redis.sock', '/run/redis/redis.sock', 0],
  ['unix:/run/my redis:7000', '/run/my redis:7000', 0],
]

describe('address', () => {
  for (const [text, host, port] of valid) {
    it(`reads ${JSON.stringify(text)}`, () => expect(tryParseAddress(text)).toEqual({host, port}))
  }

  for (const text of [
    '',
    'host',
    ':7000',
    'host:',
    'host:0',
    'host:65536',
    'host:7x',
    'redis://host:7000',
    'redis.sock',
    'unix:redis.sock',
    '[::1]7000',
  ]) {
    it(`refuses ${JSON.stringify(text)} with a way forward`, () => {
      expect(tryParseAddress(text)).toBeUndefined()
      expect(() => parseAddress(text)).toThrowError(CliError)
    })
  }

  it('brackets IPv6 and reads back what it writes', () => {
    for (const [, host, port] of valid) {
      const text = renderAddress({host, port})
      expect(tryParseAddress(text)).toEqual({host, port})
    }
    expect(renderAddress({host: '::1', port: 7000})).toBe('[::1]:7000')
  })
})
