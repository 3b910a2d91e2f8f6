import {describe, expect, it} from 'vitest'
import {joinSeed} from '../../../src/lib/cli/seed.js'

describe('joinSeed', () => {
  it.each([
    ['127.0.0.1', '7000', '127.0.0.1:7000'],
    ['db1.example', '6379', 'db1.example:6379'],
    ['::1', '7000', '[::1]:7000'],
    ['[::1]', '7000', '[::1]:7000'],
    ['127.0.0.1:7000', undefined, '127.0.0.1:7000'],
    ['nonsense', undefined, 'nonsense'],
  ])('makes one seed of %s and %s', (seed, port, joined) => {
    expect(joinSeed(seed, port)).toBe(joined)
  })

  it.each([
    ['127.0.0.1:7000', 'more'],
    ['127.0.0.1:7000', '7001'],
    ['[::1]:7000', '7001'],
    ['127.0.0.1', 'more'],
    ['127.0.0.1', '127.0.0.2'],
  ])('does not take %s and %s for one', (seed, port) => {
    expect(() => joinSeed(seed, port)).toThrow(
      expect.objectContaining({message: `Unexpected argument: ${port}`, exitCode: 2}),
    )
  })
})
