import {describe, expect, it} from 'vitest'
import {Scout} from '../../../../../src/lib/server/crdt/peers/scout.js'
import type {LinkEvents} from '../../../../../src/lib/server/replication/link-effects.js'

/** A scout that asked at `endpoint`, and was told these owners of all slots. */
function told(endpoint: string, owner: string): string[] {
  return [...nodesTold(endpoint, [`:0\r\n:16383\r\n${owner}`]).keys()]
}

/** @param shards - each range with its owner, as in CLUSTER SLOTS */
function nodesTold(endpoint: string, shards: readonly string[]): Scout['nodes'] {
  let events: LinkEvents | undefined
  const scout = new Scout(
    {
      access: () => ({isEncrypted: false, password: undefined, username: undefined}),
      config: {guid: 'g', version: 1},
      effects: {
        openPeerLink: (_host, _port, _isEncrypted, given) => {
          events = given
          return {close: () => undefined, goOn: () => undefined, hold: () => undefined, send: () => undefined}
        },
        soon: () => undefined,
      },
      nowMs: () => 0,
      takeConfig: () => undefined,
    },
    2,
    [endpoint],
  )
  scout.tick(0)
  events?.onOpen()
  events?.onData(Buffer.from(`*${shards.length}\r\n${shards.map((shard) => `*3\r\n${shard}`).join('')}`, 'latin1'))
  return scout.nodes
}

const bulk = (text: string) => `$${text.length}\r\n${text}\r\n`
const owner = (host: string, ...metadata: string[]) =>
  `*4\r\n${bulk(host)}:7000\r\n${bulk('id')}*${metadata.length}\r\n${metadata.map(bulk).join('')}`

describe('who looks for the nodes of another region', () => {
  it('takes the names that clients are given', () => {
    expect(told('10.0.0.1:7000', owner('10.0.0.2'))).toEqual(['10.0.0.2:7000'])
    expect(told('10.0.0.1:7000', owner('node2.example', 'ip', '192.168.0.2'))).toEqual(['node2.example:7000'])
    expect(told('127.0.0.1:7000', owner('127.0.0.1'))).toEqual(['127.0.0.1:7000'])
  })

  it('takes the one that was asked for a node that does not say where it is', () => {
    expect(told('10.0.0.1:7000', owner('?', 'ip', '192.168.0.2'))).toEqual(['10.0.0.1:7000'])
  })

  it('joins the ranges of a node, and leaves out what is no range of slots', () => {
    const shards = ['9:20', '0:5', '6:7', '3:2', '5:16384', '8:8', '30:x'].map((range, index) => {
      const [first, last] = range.split(':')
      return `${bulk(first!)}${bulk(last!)}${owner('10.0.0.2').replace('7000', index === 0 ? '7001' : '7000')}`
    })
    const nodes = nodesTold('10.0.0.1:7000', [...shards, `:21\r\n:22\r\n${owner('10.0.0.2')}`])
    expect([...nodes.values()].map(({port, slots}) => [port, slots])).toEqual([
      [
        7000,
        [
          {first: 0, last: 8},
          {first: 21, last: 22},
        ],
      ],
      [7001, [{first: 9, last: 20}]],
    ])
  })

  it('takes no loopback for another machine: nodes in containers send only this machine there', () => {
    expect(told('172.30.0.2:7000', owner('127.0.0.1', 'ip', '172.30.0.3'))).toEqual(['172.30.0.3:7000'])
    expect(told('172.30.0.2:7000', owner('localhost'))).toEqual(['172.30.0.2:7000'])
  })

  it('asks replicas too, once those that it asked are gone', () => {
    let events: LinkEvents | undefined
    let nowMs = 0
    const asked: number[] = []
    const scout = new Scout(
      {
        access: () => ({isEncrypted: false, password: undefined, username: undefined}),
        config: {guid: 'g', version: 1},
        effects: {
          openPeerLink: (_host, port, _isEncrypted, given) => {
            asked.push(port)
            events = given
            return {close: () => undefined, goOn: () => undefined, hold: () => undefined, send: () => undefined}
          },
          soon: () => undefined,
        },
        nowMs: () => nowMs,
        takeConfig: () => undefined,
      },
      2,
      ['10.0.0.1:7000'],
    )
    const node = (port: number) => `*4\r\n${bulk('10.0.0.1')}:${port}\r\n${bulk('id')}*0\r\n`
    scout.tick(nowMs)
    events?.onOpen()
    events?.onData(Buffer.from(`*1\r\n*4\r\n:0\r\n:16383\r\n${node(7000)}${node(7003)}`, 'latin1'))
    for (let tries = 0; tries < 6; tries++) {
      events?.onClose('gone')
      nowMs += 5000
      scout.tick(nowMs)
    }
    expect([...scout.nodes.keys()]).toEqual(['10.0.0.1:7000'])
    expect(asked).toContain(7003)
  })
})
