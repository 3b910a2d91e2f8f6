import {describe, expect, it} from 'vitest'
import {docsOf, documentedNames} from '../../../../src/lib/server/commands/docs/index.js'
import {everyCommand} from '../../../../src/lib/server/info/statistics.js'
import {AdminHarness} from './harness.js'

const node = new AdminHarness()
const client = node.connect()

describe('COMMAND', () => {
  it('counts, lists and describes the same commands', () => {
    const all = node.call(client, 'COMMAND') as [string, ...unknown[]][]
    expect(node.call(client, 'COMMAND COUNT')).toBe(all.length)
    const listed = node.call(client, 'COMMAND LIST') as string[]
    expect(new Set(listed).size).toBe(listed.length)
    expect(listed.filter((name) => !name.includes('|')).sort()).toEqual(all.map(([name]) => name).sort())
  })

  it('filters', () => {
    expect(node.call(client, 'COMMAND LIST FILTERBY PATTERN CONFIG|g*')).toEqual(['config|get'])
    expect(node.call(client, 'COMMAND LIST FILTERBY ACLCAT transaction')).toContain('exec')
    expect(node.call(client, 'COMMAND LIST FILTERBY MODULE x')).toEqual([])
    expect(node.call(client, 'COMMAND LIST FILTERBY foo x')).toBe('-ERR syntax error')
  })

  it('answers nil for what it does not know, and a subcommand by its full name', () => {
    const [unknown, known] = node.call(client, 'COMMAND INFO nosuch config|get') as [null, unknown[]]
    expect(unknown).toBeNull()
    expect(known.slice(0, 2)).toEqual(['config|get', -3])
  })

  // Seen on redis-server 7.0.15.
  const keys: [line: string, answer: unknown][] = [
    ['GETKEYS set a b', ['a']],
    ['GETKEYS mset a b c d', ['a', 'c']],
    ['GETKEYS object encoding a', ['a']],
    ['GETKEYSANDFLAGS set a b', [['a', ['+OW', '+update']]]],
    ['GETKEYSANDFLAGS set a b get', [['a', ['+RW', '+access', '+update']]]],
    ['GETKEYS ping x', '-ERR The command has no key arguments'],
    ['GETKEYS get a b', '-ERR Invalid number of arguments specified for command'],
    ['GETKEYS nosuch a', '-ERR Invalid command specified'],
    ['GETKEYS config foo x', '-ERR Invalid command specified'],
    ['FOO', "-ERR unknown subcommand 'FOO'. Try COMMAND HELP."],
  ]
  for (const [line, answer] of keys) {
    it(line, () => expect(node.call(client, `COMMAND ${line}`)).toEqual(answer))
  }

  it('has docs for every command and none for others', () => {
    const redis = [...everyCommand(node.server.commands)].filter(({fullName}) => !fullName.startsWith('crdt.'))
    const names = redis.map(({fullName}) => fullName)
    expect(names.filter((name) => docsOf(name) === undefined)).toEqual([])
    expect(documentedNames().filter((name) => !names.includes(name))).toEqual([])
  })
})

describe('SLOWLOG, LATENCY, MEMORY, SHUTDOWN', () => {
  it('answers as a server that has seen nothing slow', () => {
    expect(node.call(client, 'SLOWLOG GET')).toEqual([])
    expect(node.call(client, 'SLOWLOG LEN')).toBe(0)
    expect(node.call(client, 'SLOWLOG GET -2')).toBe('-ERR count should be greater than or equal to -1')
    expect(node.call(client, 'LATENCY LATEST')).toEqual([])
    expect(node.call(client, 'LATENCY GRAPH x')).toBe("-ERR No samples available for event 'x'")
  })

  it('estimates what a key takes', () => {
    node.call(client, ['SET', 'a', 'x'.repeat(1000)])
    expect(node.call(client, 'MEMORY USAGE a')).toBeGreaterThan(1000)
    expect(node.call(client, 'MEMORY USAGE nokey')).toBeNull()
    expect(node.call(client, 'MEMORY USAGE a SAMPLES -1')).toBe('-ERR syntax error')
  })

  it('shuts down without an answer, and knows what makes no sense', () => {
    expect(node.call(client, 'SHUTDOWN SAVE NOSAVE')).toBe('-ERR syntax error')
    expect(node.call(client, 'SHUTDOWN ABORT')).toBe('-ERR No shutdown in progress.')
    expect(node.call(client, 'SHUTDOWN SAVE')).toBe('-ERR Errors trying to SHUTDOWN. Check logs.')
    const last = node.connect()
    expect(node.send(last, 'SHUTDOWN NOSAVE NOW')).toBe('')
    expect(node.asked.at(-1)).toBe('shutdown {"force":false,"noSave":true,"now":true,"save":false}')
    expect(last.parked).toBe(true)
  })
})
