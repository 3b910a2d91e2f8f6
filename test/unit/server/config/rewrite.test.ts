import {describe, expect, it} from 'vitest'
import {Config} from '../../../../src/lib/server/config/config.js'
import {globMatch} from '../../../../src/lib/server/config/glob.js'
import {loadConfig} from '../../../../src/lib/server/config/load.js'
import {REWRITE_SIGNATURE, rewriteConfig} from '../../../../src/lib/server/config/rewrite.js'

const FILE = `# A comment
port 20502

# about memory
maxmemory 10mb
maxmemory 20mb
save 900 1
slave-priority 50
include more.conf
`

function loaded(text: string): Config {
  const config = new Config()
  loadConfig(config, text, () => [])
  return config
}

describe('CONFIG REWRITE', () => {
  it('keeps comments, order and directives, changes values in place and appends the rest', () => {
    const config = loaded(FILE)
    config.set([
      ['maxmemory', '1000001'],
      ['save', ''],
      ['timeout', '5'],
      ['repl-backlog-size', '2mb'],
      ['requirepass', 'a "b'],
    ])
    expect(rewriteConfig(FILE, config)).toBe(`# A comment
port 20502

# about memory
maxmemory 1000001

save ""
replica-priority 50
include more.conf

${REWRITE_SIGNATURE}
requirepass "a \\"b"
timeout 5
repl-backlog-size 2mb
`)
  })

  it('is stable and reads back as what was in force', () => {
    const config = loaded(FILE)
    config.set([
      ['notify-keyspace-events', 'KEA'],
      ['maxmemory-clients', '5%'],
      ['client-output-buffer-limit', 'pubsub 1mb 1 60'],
      ['shutdown-on-sigterm', 'save now'],
      ['latency-tracking-info-percentiles', ''],
      ['oom-score-adj-values', '1 2 3'],
      ['masterauth', 'tab\t\x00\xff'],
    ])
    const once = rewriteConfig(FILE, config)
    expect(rewriteConfig(once, config)).toBe(once)
    expect(loaded(once).get(['*'])).toEqual(config.get(['*']))
  })

  it('goes back to a default in place', () => {
    const config = loaded('timeout 5\nsave 900 1\n')
    config.set([
      ['timeout', '0'],
      ['save', '3600 1 300 100 60 10000'],
    ])
    const text = rewriteConfig('timeout 5\nsave 900 1\n', config)
    expect(loaded(text).get(['timeout', 'save'])).toEqual(config.get(['timeout', 'save']))
  })
})

describe('glob', () => {
  const table: [pattern: string, text: string, matches: boolean][] = [
    ['*', '', true],
    ['a*c', 'abbc', true],
    ['a*c', 'abb', false],
    ['a?c', 'abc', true],
    ['[a-c]x', 'bx', true],
    ['[^a-c]x', 'bx', false],
    ['[c-a]x', 'bx', true],
    ['\\*', '*', true],
    ['\\*', 'a', false],
    ['[ab', 'b', true],
    ['', '', true],
    ['', 'a', false],
    ['**a**b', 'xxaxxb', true],
  ]
  for (const [pattern, text, matches] of table) {
    it(`${pattern} ${matches ? 'accepts' : 'refuses'} ${text}`, () => expect(globMatch(pattern, text)).toBe(matches))
  }

  it('stays fast on a pattern made to be slow', () => {
    expect(globMatch('a*'.repeat(50), 'a'.repeat(10_000) + 'b'.repeat(10_000))).toBe(true)
    expect(globMatch(`${'a*'.repeat(50)}c`, 'a'.repeat(10_000))).toBe(false)
  })
})
