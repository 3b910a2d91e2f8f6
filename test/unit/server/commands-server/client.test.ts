import {beforeEach, describe, expect, it} from 'vitest'
import type {Client} from '../../../../src/lib/server/client.js'
import {AdminHarness} from './harness.js'

let node: AdminHarness
let client: Client

beforeEach(() => {
  node = new AdminHarness()
  client = node.connect()
})

describe('CLIENT LIST and INFO', () => {
  it('prints a line in the form of redis-server 7.0', () => {
    node.call(client, 'CLIENT SETNAME worker')
    node.nowMs += 2500
    expect(node.call(client, 'CLIENT INFO')).toBe(
      'id=1 addr=127.0.0.1:1000 laddr=127.0.0.1:6379 fd=-1 name=worker age=2 idle=0 flags=N db=0 sub=0 psub=0 ssub=0 ' +
        'multi=-1 qbuf=0 qbuf-free=0 argv-mem=0 multi-mem=0 rbs=0 rbp=0 obl=0 oll=0 omem=0 tot-mem=2048 events=r ' +
        'cmd=client|info user=default redir=-1 resp=2\n',
    )
  })

  it('lists by id and by type', () => {
    const other = node.connect()
    const ids = (command: string): string[] =>
      [...String(node.call(client, command)).matchAll(/^id=(\d+)/gm)].map((match) => match[1]!)
    expect(ids('CLIENT LIST')).toEqual(['1', '2'])
    expect(ids(`CLIENT LIST ID ${other.id} 99`)).toEqual(['2'])
    expect(ids('CLIENT LIST TYPE normal')).toEqual(['1', '2'])
    expect(node.call(client, 'CLIENT LIST TYPE replica')).toBe('')
  })

  it('shows a transaction and its length', () => {
    const other = node.connect()
    node.send(other, 'MULTI')
    node.send(other, 'GET a')
    expect(node.call(client, 'CLIENT LIST ID 2')).toMatch(/ flags=x db=0 .* multi=1 /)
  })
})

describe('CLIENT KILL', () => {
  it('closes others at once and itself after the answer', () => {
    const other = node.connect()
    expect(node.call(client, `CLIENT KILL ${other.address}`)).toBe('+OK')
    expect(node.call(client, `CLIENT KILL ${client.address}`)).toBe('+OK')
    expect(node.asked).toEqual(['close 2', 'close 1 after reply'])
    expect(other.closing).toBe(true)
  })

  it('takes all filters together and spares the caller unless told otherwise', () => {
    const other = node.connect('10.0.0.1')
    expect(node.call(client, 'CLIENT KILL TYPE normal ADDR 10.0.0.1:9')).toBe(0)
    expect(
      node.call(client, `CLIENT KILL ID 2 USER default TYPE normal LADDR 127.0.0.1:6379 ADDR ${other.address}`),
    ).toBe(1)
    expect(node.call(client, 'CLIENT KILL TYPE normal')).toBe(0)
    expect(node.call(client, 'CLIENT KILL TYPE normal SKIPME no')).toBe(1)
    expect(node.asked).toEqual(['close 2', 'close 1 after reply'])
  })
})

describe('CLIENT REPLY', () => {
  it('is silent until ON', () => {
    expect(node.send(client, 'CLIENT REPLY OFF')).toBe('')
    expect(node.send(client, 'SET a 1')).toBe('')
    expect(node.send(client, 'CLIENT REPLY ON')).toBe('+OK\r\n')
    expect(node.send(client, 'GET a')).toBe('$1\r\n1\r\n')
  })

  it('skips one answer', () => {
    expect(node.send(client, 'CLIENT REPLY SKIP')).toBe('')
    expect(node.send(client, 'SET a 1')).toBe('')
    expect(node.send(client, 'GET a')).toBe('$1\r\n1\r\n')
  })

  it('does not leave OFF by SKIP', () => {
    node.send(client, 'CLIENT REPLY OFF')
    node.send(client, 'CLIENT REPLY SKIP')
    expect([node.send(client, 'GET a'), node.send(client, 'GET a')]).toEqual(['', ''])
  })
})

describe('CLIENT PAUSE', () => {
  it('holds commands back until the time is over, but lets CLIENT end it', () => {
    const other = node.connect()
    expect(node.call(client, 'CLIENT PAUSE 1000')).toBe('+OK')
    expect(node.send(other, 'GET a')).toBe('')
    expect(other.parked).toBe(true)
    expect(node.call(client, 'CLIENT UNPAUSE')).toBe('+OK')
    other.process(node.nowMs)
    expect(other.reply.take()).toBe('$-1\r\n')
  })

  it('holds writes alone back', () => {
    node.call(client, 'CLIENT PAUSE 1000 WRITE')
    expect(node.send(client, 'GET a')).toBe('$-1\r\n')
    expect(node.send(client, 'SET a 1')).toBe('')
  })
})

describe('CLIENT refuses', () => {
  // Texts seen on redis-server 7.0.15.
  const table: [command: string, error: string][] = [
    ['CLIENT LIST TYPE foo', "-ERR Unknown client type 'foo'"],
    ['CLIENT LIST ID x', '-ERR Invalid client ID'],
    ['CLIENT LIST TYPE normal foo', '-ERR syntax error'],
    ['CLIENT KILL 1.2.3.4:5', '-ERR No such client'],
    ['CLIENT KILL ID 0', '-ERR client-id should be greater than 0'],
    ['CLIENT KILL USER bob', "-ERR No such user 'bob'"],
    ['CLIENT KILL SKIPME x', '-ERR syntax error'],
    ['CLIENT PAUSE x', '-ERR timeout is not an integer or out of range'],
    ['CLIENT PAUSE -1', '-ERR timeout is negative'],
    ['CLIENT PAUSE 1 foo', '-ERR CLIENT PAUSE mode must be WRITE or ALL'],
    ['CLIENT UNBLOCK 99 foo', '-ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR'],
    ['CLIENT REPLY foo', '-ERR syntax error'],
    ['CLIENT NO-EVICT foo', '-ERR syntax error'],
    ['CLIENT TRACKING ON FOO', '-ERR syntax error'],
    ['CLIENT TRACKING maybe', '-ERR syntax error'],
    ['CLIENT NO-TOUCH on', "-ERR unknown subcommand 'NO-TOUCH'. Try CLIENT HELP."],
  ]
  for (const [command, error] of table) {
    it(command, () => expect(node.call(client, command)).toBe(error))
  }

  it('names with blanks', () => {
    expect(node.call(client, ['CLIENT', 'SETNAME', 'a b'])).toBe(
      '-ERR Client names cannot contain spaces, newlines or special characters.',
    )
  })
})
