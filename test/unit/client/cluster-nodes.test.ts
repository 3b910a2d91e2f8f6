import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {parseClusterNodes, parseInfo} from '../../../src/lib/client/cluster-nodes.js'

const A = 'a'.repeat(40)
const B = 'b'.repeat(40)
const REACHED_BY = {host: '10.9.9.9', port: 7000}

const one = (line: string) => parseClusterNodes(line, REACHED_BY)[0]

describe('parseClusterNodes', () => {
  it('reads a primary with slots, single slots and open slots', () => {
    const slots = `0-5460 6000 [93->-${B}] [77-<-${B}]`
    expect(one(`${A} 10.0.0.1:7000@17000 myself,master - 0 0 12 connected ${slots}`)).toEqual({
      id: A,
      address: {host: '10.0.0.1', port: 7000},
      busPort: 17000,
      role: 'primary',
      myself: true,
      pfail: false,
      fail: false,
      handshake: false,
      noaddr: false,
      linked: true,
      configEpoch: 12,
      slots: [
        {first: 0, last: 5460},
        {first: 6000, last: 6000},
      ],
      migrating: new Map([[93, B]]),
      importing: new Map([[77, B]]),
    })
  })

  it('reads a replica and its primary', () => {
    const record = one(`${A} 10.0.0.1:7000@17000 slave ${B} 0 1 3 connected`)
    expect(record).toMatchObject({role: 'replica', primaryId: B, slots: []})
    expect(one(`${A} 10.0.0.1:7000@17000 master - 0 1 3 connected`)).not.toHaveProperty('primaryId')
  })

  const flags: [text: string, expected: object][] = [
    ['master,fail?', {pfail: true, fail: false}],
    ['master,fail', {pfail: false, fail: true}],
    ['slave,fail,nofailover', {fail: true, role: 'replica'}],
    ['handshake', {handshake: true}],
    ['master,noaddr,fail', {noaddr: true, fail: true}],
  ]
  for (const [text, expected] of flags) {
    it(`reads the flags ${text}`, () => {
      expect(one(`${A} 10.0.0.1:7000@17000 ${text} - 0 0 1 disconnected`)).toMatchObject({...expected, linked: false})
    })
  }

  const places: [where: string, expected: object][] = [
    ['10.0.0.1:7000@17000,db1.example', {address: {host: '10.0.0.1', port: 7000}, hostname: 'db1.example'}],
    ['10.0.0.1:7000@9000,db1,tls-port=0,shard-id=9f', {busPort: 9000, hostname: 'db1'}],
    ['2001:db8::1:7000@17000', {address: {host: '2001:db8::1', port: 7000}}],
    ['10.0.0.1:7000', {busPort: 17000}],
  ]
  for (const [where, expected] of places) {
    it(`reads the place ${where}`, () => {
      expect(one(`${A} ${where} master - 0 0 1 connected`)).toMatchObject(expected)
    })
  }

  it('takes no name=value field for a hostname', () => {
    expect(one(`${A} 10.0.0.1:7000@17000,,shard-id=9f master - 0 0 1 connected`)).not.toHaveProperty('hostname')
  })

  it('knows a node that does not know its own address by the one it was reached by', () => {
    expect(one(`${A} :7001@17001 myself,master - 0 0 0 connected`)?.address).toEqual({host: '10.9.9.9', port: 7001})
    expect(one(`${A} :0@0 master,noaddr - 0 0 0 disconnected`)?.address).toEqual({host: '', port: 0})
  })

  it('skips empty lines, and bears CRLF', () => {
    const text = `${A} 10.0.0.1:7000@17000 master - 0 0 1 connected 5\r\n\r\n`
    expect(parseClusterNodes(text, REACHED_BY)).toHaveLength(1)
  })

  const wrong: [name: string, line: string][] = [
    ['a short line', `${A} 10.0.0.1:7000@17000 master`],
    ['a bad id', 'abc 10.0.0.1:7000@17000 master - 0 0 1 connected'],
    ['no port', `${A} 10.0.0.1 master - 0 0 1 connected`],
    ['no epoch', `${A} 10.0.0.1:7000@17000 master - 0 0 x connected`],
    ['a slot out of range', `${A} 10.0.0.1:7000@17000 master - 0 0 1 connected 16384`],
    ['a range backwards', `${A} 10.0.0.1:7000@17000 master - 0 0 1 connected 9-5`],
    ['a slot that is none', `${A} 10.0.0.1:7000@17000 master - 0 0 1 connected [5-x]`],
    ['HTML', '<html><body>not found, sorry, go away please now</body></html>'],
  ]
  for (const [name, text] of wrong) {
    it(`refuses ${name}`, () => {
      expect(() => one(text)).toThrow(RangeError)
    })
  }
})

describe('hostile text', () => {
  const good = `${A} 10.0.0.1:7000@17000,h myself,master - 0 0 12 connected 0-5460 [93->-${B}]`
  const bearable = (text: string) => {
    try {
      parseClusterNodes(text, REACHED_BY)
    } catch (error) {
      expect(error).toBeInstanceOf(RangeError)
      expect((error as Error).message.length).toBeLessThan(400)
    }
  }

  it('is refused with a RangeError or read, never worse: any text', () => {
    fc.assert(fc.property(fc.string({unit: 'binary', maxLength: 300}), bearable))
  })

  it('is refused with a RangeError or read, never worse: one field replaced', () => {
    const fields = good.split(' ')
    fc.assert(
      fc.property(fc.nat({max: fields.length - 1}), fc.string(), (at, text) =>
        bearable(fields.map((field, index) => (index === at ? text : field)).join(' ')),
      ),
    )
  })

  it('is refused with a RangeError or read, never worse: cut at every byte', () => {
    for (let cut = 0; cut < good.length; cut++) bearable(good.slice(0, cut))
  })
})

describe('parseInfo', () => {
  it('reads name:value lines and skips sections', () => {
    const fields = parseInfo('# Server\r\nredis_version:7.0.15\r\n\r\n# Keyspace\r\ndb0:keys=5,expires=0,avg_ttl=0\r\n')
    expect([...fields]).toEqual([
      ['redis_version', '7.0.15'],
      ['db0', 'keys=5,expires=0,avg_ttl=0'],
    ])
  })

  it('keeps colons in values', () => {
    expect(parseInfo('executable:C:\\redis').get('executable')).toBe('C:\\redis')
  })
})
