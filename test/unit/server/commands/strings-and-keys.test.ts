import {describe, expect, it} from 'vitest'
import {Rig} from '../rig.js'

/** What redis-server 7.0.15 answered; the interop suite compares thousands more at random. */
const SCRIPTS: [name: string, lines: string[], replies: string][] = [
  ['SET NX and XX', ['SET a 1 XX', 'SET a 1 NX', 'SET a 2 NX', 'SET a 3 XX'], '$-1 +OK $-1 +OK'],
  ['SET GET', ['SET a 1 GET', 'SET a 2 GET', 'SET a 3 NX GET', 'GET a'], '$-1 $1 1 $1 2 $1 2'],
  ['options that exclude each other', ['SET a 1 NX XX', 'SET a 1 EX 5 KEEPTTL'], '-ERR syntax error -ERR syntax error'],
  ['KEEPTTL', ['SET a 1 EX 100', 'SET a 2 KEEPTTL', 'TTL a', 'SET a 3', 'TTL a'], '+OK +OK :100 +OK :-1'],
  ['GETEX', ['SET a 1', 'GETEX a EX 50', 'TTL a', 'GETEX a PERSIST', 'TTL a'], '+OK $1 1 :50 $1 1 :-1'],
  ['GETDEL', ['SET a 1', 'GETDEL a', 'GETDEL a'], '+OK $1 1 $-1'],
  ['MSETNX all or nothing', ['MSETNX a 1 b 2', 'MSETNX b 3 c 4', 'MGET a b c'], ':1 :0 *3 $1 1 $1 2 $-1'],
  ['SETRANGE pads with zeros', ['SETRANGE a 3 xy', 'STRLEN a', 'SETRANGE a 1 z', 'GETRANGE a 1 1'], ':5 :5 :5 $1 z'],
  [
    'GETRANGE from the end',
    ['SET a hello', 'GETRANGE a -3 -2', 'GETRANGE a 3 1', 'GETRANGE a 0 99'],
    '+OK $2 ll $0  $5 hello',
  ],
  ['APPEND keeps the TTL', ['SET a x EX 10', 'APPEND a yz', 'GET a', 'TTL a'], '+OK :3 $3 xyz :10'],
  ['INCR beyond 2^53', ['SET a 9007199254740993', 'INCR a', 'DECRBY a 2'], '+OK :9007199254740994 :9007199254740992'],
  [
    'INCR at the end of 64 bits',
    ['SET a 9223372036854775806', 'INCR a', 'INCR a'],
    '+OK :9223372036854775807 -ERR increment or decrement would overflow',
  ],
  ['LCS', ['MSET a ohmytext b mynewtext', 'LCS a b', 'LCS a b LEN'], '+OK $6 mytext :6'],
  ['RENAME moves the TTL', ['SET a 1 EX 9', 'SET b 2', 'RENAME a b', 'TTL b', 'EXISTS a'], '+OK +OK +OK :9 :0'],
  ['COPY', ['SET a 1 EX 9', 'COPY a b', 'COPY a b', 'COPY a b REPLACE', 'TTL b'], '+OK :1 :0 :1 :9'],
  ['MOVE', ['SET a 1', 'MOVE a 1', 'EXISTS a', 'SELECT 1', 'GET a'], '+OK :1 :0 +OK $1 1'],
  ['SWAPDB', ['SET a 1', 'SWAPDB 0 1', 'EXISTS a', 'SELECT 1', 'GET a'], '+OK +OK :0 +OK $1 1'],
  [
    'EXPIRE GT and LT',
    ['SET a 1', 'EXPIRE a 10 GT', 'EXPIRE a 10 LT', 'EXPIRE a 20 LT', 'EXPIRE a 20 GT'],
    '+OK :0 :1 :0 :1',
  ],
  ['EXPIRE in the past', ['SET a 1', 'EXPIRE a -1', 'EXISTS a'], '+OK :1 :0'],
  ['encodings', ['SET a 12', 'OBJECT ENCODING a', 'SET a x', 'OBJECT ENCODING a'], '+OK $3 int +OK $6 embstr'],
  ['one argument too many', ['GET a b'], "-ERR wrong number of arguments for 'get' command"],
]

describe('strings and keys', () => {
  for (const [name, lines, replies] of SCRIPTS) {
    it(name, () => {
      const rig = new Rig()
      expect(rig.run(rig.connect(), ...lines).replaceAll('\r\n', ' ')).toBe(`${replies} `)
    })
  }

  it('expires by the clock it is given', () => {
    const rig = new Rig()
    const client = rig.connect()
    rig.run(client, 'SET a 1 PX 1000')
    rig.nowMs += 999
    expect(rig.run(client, 'PTTL a', 'GET a')).toBe(':1\r\n$1\r\n1\r\n')
    rig.nowMs += 1
    expect(rig.run(client, 'PTTL a', 'GET a', 'DBSIZE')).toBe(':-2\r\n$-1\r\n:0\r\n')
  })

  it('counts idle time in seconds, and TOUCH ends it', () => {
    const rig = new Rig()
    const client = rig.connect()
    rig.run(client, 'SET a 1')
    rig.nowMs += 5000
    expect(rig.run(client, 'OBJECT IDLETIME a', 'TOUCH a', 'OBJECT IDLETIME a')).toBe(':5\r\n:1\r\n:0\r\n')
  })

  it('grows a string by many small appends without growing in cost', () => {
    const rig = new Rig()
    const client = rig.connect()
    for (let i = 0; i < 2000; i++) rig.run(client, 'APPEND a 0123456789')
    expect(rig.run(client, 'STRLEN a', 'GETRANGE a 19990 -1')).toBe(':20000\r\n$10\r\n0123456789\r\n')
  })
})

describe('LPOS', () => {
  it('takes the least of all ranks for the first from the tail, and then counts no further', () => {
    const rig = new Rig()
    const client = rig.connect()
    rig.run(client, 'RPUSH l a b a')
    const least = 'RANK -9223372036854775808'
    expect(rig.run(client, `LPOS l a ${least}`, `LPOS l a ${least} COUNT 1`)).toBe(':2\r\n*2\r\n:2\r\n:0\r\n')
    expect(rig.run(client, 'LPOS l a RANK -9223372036854775807')).toBe('$-1\r\n')
  })
})
