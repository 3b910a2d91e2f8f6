import {describe, expect, it} from 'vitest'
import type {Client} from '../../../../src/lib/server/client.js'
import {Rig} from '../rig.js'

/** While a replica is to take over, or the last file is written, the stream must not grow. */

const GET_ACK = '*3\r\n$8\r\nREPLCONF\r\n$6\r\nGETACK\r\n$1\r\n*\r\n'
const FAR_AWAY_MS = 2_000_000_000_000

/** @returns a replica that has all there is */
function online(rig: Rig): Client {
  const {replication} = rig.server
  rig.run(rig.connect(), 'REPLCONF capa psync2', 'PSYNC ? -1')
  const replica = rig.connect()
  rig.run(replica, 'REPLCONF capa psync2')
  expect(rig.run(replica, `PSYNC ${replication.id} ${replication.offset + 1}`)).toContain('+CONTINUE')
  return replica
}

describe('a stream that stands still', () => {
  it('is not asked for acknowledgements by WAIT, which ends when they come by themselves', () => {
    const rig = new Rig()
    const replica = online(rig)
    const writer = rig.connect()
    rig.run(writer, 'SET a 1')
    rig.turn(replica)
    rig.server.pauseForFailover(FAR_AWAY_MS)
    const {offset} = rig.server.replication
    expect(rig.run(writer, 'WAIT 1 0')).toBe('')
    expect(rig.turn(replica)).toBe('')
    expect(rig.server.replication.offset).toBe(offset)
    rig.run(replica, `REPLCONF ACK ${offset}`)
    expect(rig.turn(writer)).toBe(':1\r\n')
  })

  it('is asked as soon as it goes on', () => {
    const rig = new Rig()
    const replica = online(rig)
    rig.server.pauseForFailover(FAR_AWAY_MS)
    rig.server.endFailoverPause()
    const writer = rig.connect()
    rig.run(writer, 'SET a 1', 'WAIT 1 0')
    expect(rig.turn(replica)).toContain(GET_ACK)
  })
})
