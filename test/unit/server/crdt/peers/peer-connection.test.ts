import {expect, it} from 'vitest'
import {encodeCommand} from '../../../../../src/lib/protocol/resp/encode-command.js'
import {PeerConnection} from '../../../../../src/lib/server/crdt/peers/peer-connection.js'
import type {LinkEvents} from '../../../../../src/lib/server/replication/link-effects.js'

it('takes much that comes at once in several turns, and reads nothing in between', () => {
  let events: LinkEvents | undefined
  const turns: (() => void)[] = []
  const calls: string[] = []
  const effects = {
    openPeerLink: (_host: string, _port: number, _isEncrypted: boolean, given: LinkEvents) => {
      events = given
      return {
        close: () => calls.push('close'),
        goOn: () => calls.push('goOn'),
        hold: () => calls.push('hold'),
        send: () => undefined,
      }
    },
    soon: (run: () => void) => void turns.push(run),
  }
  const taken: number[] = []
  const connection = new PeerConnection(
    effects,
    {host: 'there', port: 1},
    {isEncrypted: false, password: undefined, username: undefined},
    {
      onEnd: () => undefined,
      onOpen: () => undefined,
      onReply: (reply) => taken.push('items' in reply ? reply.items.length : 0),
    },
  )
  const reply = (length: number) => Buffer.from(encodeCommand([...'x'.repeat(length - 1), 'x'.repeat(1000)]))
  events!.onData(Buffer.concat([2, 3, 4, 5, 6].map(reply)))
  expect([taken, calls]).toEqual([[2, 3, 4], ['hold']])
  // What had been read already.
  events!.onData(reply(7))
  expect(taken).toEqual([2, 3, 4])
  turns.shift()!()
  expect([taken, calls]).toEqual([[2, 3, 4, 5, 6, 7], ['hold']])
  turns.shift()!()
  expect([calls, turns]).toEqual([['hold', 'goOn'], []])
  events!.onData(Buffer.concat([2, 2, 2, 2].map(reply)))
  connection.close()
  turns.shift()!()
  expect(taken).toEqual([2, 3, 4, 5, 6, 7, 2, 2, 2])
})
