import {Redis} from 'ioredis'
import {describe, expect, it} from 'vitest'
import {EMBEDDED, type EngineWorld, EnvironmentWorld, PROCESS} from '../../support/environment/world.js'
import {describeWithPeers} from '../../support/peers.js'
import {waitFor} from '../../support/processes.js'

const KEYS = 100

/**
 * A primary freezes with writes on their way to it, its replica takes over, and it wakes up: of what it then acknowledges,
 * how much is there in the end?
 */
async function freezeAndWake(engine: EngineWorld): Promise<{readonly acknowledged: number; readonly kept: number}> {
  const world = await EnvironmentWorld.make(engine, 'pause')
  const links: Redis[] = []
  const connect = (port: number) => {
    const link = new Redis(port, '127.0.0.1', {maxRetriesPerRequest: null})
    links.push(link.on('error', () => undefined))
    return link
  }
  try {
    expect((await world.up()).code).toBe(0)
    const nodes = (await world.ps())!.nodes
    const frozen = nodes[0]!
    const heir = nodes.find(({replicaOf}) => replicaOf === frozen.name)!
    const [client, other] = [connect(frozen.address.port), connect(heir.address.port)]
    await Promise.all([client.ping(), other.ping()])
    await world.do(['pause', frozen.name])
    // `b` is in slot 3300, of the first primary.
    const writes = Array.from({length: KEYS}, (_, i) =>
      client.set(`{b}${i}`, 'v').then(
        () => i,
        () => undefined,
      ),
    )
    await waitFor(async () => (await other.role())[0] === 'master', {
      deadlineMs: 30_000,
      what: `${heir.name} to take over`,
    })
    await world.do(['unpause', frozen.name])
    const acknowledged = (await Promise.all(writes)).filter((i) => i !== undefined)
    await waitFor(async () => (await client.role())[0] === 'slave', {
      deadlineMs: 20_000,
      what: 'the old primary to follow',
    })
    const kept = await Promise.all(acknowledged.map((i) => other.exists(`{b}${i}`)))
    return {acknowledged: acknowledged.length, kept: kept.filter((one) => one === 1).length}
  } finally {
    for (const link of links) link.disconnect()
    await world.do(['down'])
  }
}

describe('an embedded primary that freezes and wakes up', () => {
  it('acknowledges nothing that is lost', async () => {
    const {acknowledged, kept} = await freezeAndWake(EMBEDDED)
    expect(kept).toBe(acknowledged)
  })
})

describeWithPeers('a redis-server that freezes and wakes up', () => {
  it('acknowledges writes that are lost', async () => {
    const {acknowledged, kept} = await freezeAndWake(PROCESS)
    expect(kept).toBeLessThan(acknowledged)
  })
})
