import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {explainUnknown} from '../../../src/lib/cli/unknown-command.js'
import {nearest} from '../../../src/lib/kernel/nearest.js'

const NAMES = {
  commands: [
    'add-node',
    'check',
    'crdb create',
    'crdb task list',
    'down',
    'node start',
    'ps',
    'reshard',
    'status',
    'up',
  ],
  topics: ['crdb', 'crdb task', 'node'],
}

describe('nearest', () => {
  const table: [word: string, found: string | undefined][] = [
    ['rehsard', 'reshard'],
    ['reshrad', 'reshard'],
    ['reshad', 'reshard'],
    ['resshard', 'reshard'],
    ['resharg', 'reshard'],
    ['stat', 'status'],
    ['chek', 'check'],
    ['addnode', 'add-node'],
    ['reshard', 'reshard'],
    ['rebalance', undefined],
    ['x', undefined],
    ['st', undefined],
    ['', undefined],
  ]
  for (const [word, found] of table) {
    it(`finds ${found} for ${JSON.stringify(word)}`, () => {
      expect(nearest(word, NAMES.commands)).toBe(found)
    })
  }

  it('takes the first of equals, and fewer slips over more', () => {
    expect(nearest('abcdex', ['abcdey', 'abcdez'])).toBe('abcdey')
    expect(nearest('abcdexx', ['abcdeyy', 'abcdexy'])).toBe('abcdexy')
  })

  it('finds every word by itself, and by itself with two letters swapped', () => {
    const word = fc.stringMatching(/^[a-z]{4,12}$/)
    fc.assert(
      fc.property(word, fc.nat(), (text, at) => {
        const i = at % (text.length - 1)
        const swapped = text.slice(0, i) + text[i + 1] + text[i] + text.slice(i + 2)
        expect(nearest(text, [text])).toBe(text)
        expect(nearest(swapped, [text])).toBe(text)
      }),
    )
  })
})

describe('explainUnknown', () => {
  const corrected = (...argv: string[]) => explainUnknown(argv, NAMES).corrected
  const messageOf = (...argv: string[]) => explainUnknown(argv, NAMES).error.message

  it('corrects the words of the command, and keeps the rest as it is', () => {
    expect(corrected('rehsard', '127.0.0.1:7000', '--slots', '5')).toEqual([
      'reshard',
      '127.0.0.1:7000',
      '--slots',
      '5',
    ])
    expect(corrected('node', 'strat', 'x.conf')).toEqual(['node', 'start', 'x.conf'])
    expect(corrected('crdb', 'craete', '--name', 'x')).toEqual(['crdb', 'create', '--name', 'x'])
    expect(corrected('ndoe', 'start')).toEqual(['node', 'start'])
    expect(corrected('crdb', 'tsak', 'list')).toEqual(['crdb', 'task', 'list'])
    expect(corrected('help', 'chekc')).toEqual(['help', 'check'])
  })

  it('repeats nothing behind the first flag', () => {
    const {error} = explainUnknown(['chekc', '-a', 'secret', 'seed'], NAMES)
    expect(JSON.stringify(error.toJSON())).not.toMatch(/secret|seed/)
  })

  it('says what there is to say where nothing is near', () => {
    expect(messageOf('xyzzy')).toBe('"xyzzy" is not a shoal command.')
    expect(explainUnknown(['node', 'xyzzy'], NAMES).error.suggestions).toEqual(['shoal node --help'])
    expect(messageOf('ps', 'more')).toBe('Unexpected argument: more')
    expect(messageOf('crdb', 'create', 'more')).toBe('Unexpected argument: more')
    expect(messageOf('crdb', 'task', 'list', 'more', 'words')).toBe('Unexpected argument: more')
    expect(messageOf('--json')).toBe('No command given')
    expect(messageOf('--json', '--verson=1')).toBe('Nonexistent flag: --verson. Did you mean --version?')
  })
})
