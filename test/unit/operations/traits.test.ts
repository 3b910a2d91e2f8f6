import {describe, expect, it} from 'vitest'
import {NodeReplyError} from '../../../src/lib/client/reply-error.js'
import {readTraits, TRAIT_COMMANDS} from '../../../src/lib/operations/traits.js'
import {SETTINGS} from '../../../src/lib/plan/health/traits.js'

const NAMES = Object.keys(SETTINGS)
const HASH = 'f'.repeat(64)
const info = (version: string) => ({info: new Map([['redis_version', version]])})

/** Replies in the order of TRAIT_COMMANDS. */
function replies(acl: unknown, functions: unknown = [], setting: (name: string) => unknown = (name) => [name, '1']) {
  return [acl, functions, ...NAMES.map(setting)]
}

describe('readTraits', () => {
  it('has a reply for each command', () => {
    expect(replies([])).toHaveLength(TRAIT_COMMANDS.length)
  })

  it('keeps fingerprints of users alone, whatever the order of passwords and patterns', () => {
    const read = (line: string) => readTraits(replies([line]), info('7.0.15')).users?.get('app')
    const one = read(`user app on #${HASH} #${'e'.repeat(64)} ~a ~b &c -@all +get`)
    expect(one).toMatch(/^[0-9a-f]{64}$/)
    expect(one).not.toBe(HASH)
    expect(read(`user app on #${'e'.repeat(64)} #${HASH} &c ~b ~a -@all +get`)).toBe(one)
    for (const other of ['~a -@all +get', '~a ~b &c +get -@all', '~a ~b &c -@all +set'])
      expect(read(`user app on #${HASH} #${'e'.repeat(64)} ${other}`)).not.toBe(one)
  })

  it('takes settings that a node knows', () => {
    const read = readTraits(
      replies([], [], (name) => (name === 'save' ? [] : [name, `${name}!`])),
      info('7.0.15'),
    )
    expect(read.settings?.get('maxmemory')).toBe('maxmemory!')
    expect(read.settings?.has('save')).toBe(false)
  })

  it('knows functions by name and code', () => {
    const library = (code: string) => ['library_name', 'lib', 'engine', 'LUA', 'functions', [], 'library_code', code]
    const read = (code: string) => readTraits(replies([], [library(code)]), info('7.0.15')).functions
    expect([...(read('a')?.keys() ?? [])]).toEqual(['lib'])
    expect(read('a')).toEqual(read('a'))
    expect(read('a')).not.toEqual(read('b'))
  })

  it('leaves undefined what is refused, but knows that functions came with 7.0', () => {
    const refused = new NodeReplyError('NOPERM this user has no permissions')
    const all = replies(refused, refused, () => refused)
    expect(readTraits(all, info('7.0.15'))).toEqual({settings: undefined, users: undefined, functions: undefined})
    const unknown = new NodeReplyError("ERR unknown command 'FUNCTION'")
    expect(readTraits(replies([], unknown), info('6.2.14')).functions).toEqual(new Map())
    expect(readTraits(replies([], unknown), info('7.2.4')).functions).toBeUndefined()
  })
})
