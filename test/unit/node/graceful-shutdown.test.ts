import {describe, expect, it} from 'vitest'
import {GracefulShutdown} from '../../../src/lib/node/graceful-shutdown.js'
import {Rig} from '../server/rig.js'

describe('a shutdown that is called off', () => {
  it.each(['ALL', 'WRITE'])('leaves CLIENT PAUSE %s as it was', async (mode) => {
    const rig = new Rig()
    const [client, replica] = [rig.connect(), rig.connect()]
    rig.run(replica, 'PSYNC ? -1')
    // It acknowledges nothing.
    for (const one of rig.server.replication.replicas.attached.values()) one.state = 'online'
    rig.run(client, 'SET a 1', `CLIENT PAUSE 100000 ${mode}`)
    const before = [rig.server.pausedUntilMs, rig.server.pausesWritesOnly]
    const options = {force: false, noSave: true, now: false, save: false}
    const shutdown = new GracefulShutdown(rig.server, {flush: () => true}, options)
    const ended = shutdown.prepare()
    expect(rig.server.pausesWritesOnly).toBe(true)
    expect(shutdown.abort()).toBe(true)
    expect(await ended).toBe('ERR Errors trying to SHUTDOWN. Check logs.')
    expect([rig.server.pausedUntilMs, rig.server.pausesWritesOnly]).toEqual(before)
  })
})
