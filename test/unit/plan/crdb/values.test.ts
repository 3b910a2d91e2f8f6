import {describe, expect, it} from 'vitest'
import {parseBoolean, parseSize, requireDatabaseName} from '../../../../src/lib/plan/crdb/values.js'

describe('sizes', () => {
  it.each([
    ['512mb', 512 * 2 ** 20],
    ['512MB', 512 * 2 ** 20],
    ['1GB', 2 ** 30],
    ['10g', 10 * 2 ** 30],
    ['100kb', 100 * 1024],
    ['1.5k', 1536],
    ['64 mb', 64 * 2 ** 20],
    ['1073741824', 2 ** 30],
    ['7b', 7],
  ])('%s', (text, bytes) => {
    expect(parseSize(text, '--memory-size')).toBe(bytes)
  })

  it.each(['', '0', '0mb', '-1', 'mb', '12xb', '1e3', '99999999t', '1..5g'])('%j is none', (text) => {
    expect(() => parseSize(text, '--memory-size')).toThrow(`--memory-size ${text} is not an amount of memory`)
  })
})

describe('a number without its unit', () => {
  it('is not taken for bytes where that is less than any database can work with', () => {
    expect(() => parseSize('512', '--memory-size')).toThrow('--memory-size 512 is 512 bytes: did you mean 512mb?')
  })
})

describe('true and false', () => {
  it('are words, as crdb-cli takes them', () => {
    expect(['true', 'True', 'yes', '1'].map((word) => parseBoolean(word, '-'))).toEqual([true, true, true, true])
    expect(['false', 'no', '0'].map((word) => parseBoolean(word, '-'))).toEqual([false, false, false])
    expect(() => parseBoolean('maybe', '--replication')).toThrow('--replication maybe is neither true nor false')
  })
})

describe('names of databases', () => {
  it.each(['a', 'mycrdb', 'My-Crdb-2', '9', 'a'.repeat(63)])('%s', (name) => {
    expect(requireDatabaseName(name)).toBe(name)
  })

  it.each(['', '-a', 'a-', 'a_b', 'a.b', 'a b', 'ä', 'a'.repeat(64)])('%j is none', (name) => {
    expect(() => requireDatabaseName(name)).toThrow('cannot be the name of a database')
  })
})
