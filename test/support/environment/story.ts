import {Redis} from 'ioredis'
import {expect} from 'vitest'
import {hashSlot} from '../../../src/lib/protocol/hash-slot.js'
import {waitFor} from '../processes.js'
import {type EngineWorld, EnvironmentWorld, type PsNode} from './world.js'

const KEYS = 60
/** `--node-timeout` of `EnvironmentWorld.up`. */
const NODE_TIMEOUT_MS = 2000

/** Connections straight to nodes, no redirects followed: it is known who acknowledged what. */
class Writers {
  private readonly links = new Map<number, Redis>()
  /** Key -> value, of all that a node of the majority acknowledged. */
  readonly acknowledged = new Map<string, string>()

  to(port: number): Redis {
    let link = this.links.get(port)
    if (!link) {
      link = new Redis(port, '127.0.0.1', {maxRetriesPerRequest: 0, commandTimeout: 4000})
      link.on('error', () => undefined)
      this.links.set(port, link)
    }
    return link
  }

  /** @returns the error, if the node did not take it */
  async write(port: number, key: string, value: string): Promise<string | undefined> {
    try {
      await this.to(port).set(key, value)
      this.acknowledged.set(key, value)
      return undefined
    } catch (error) {
      return (error as Error).message
    }
  }

  close(): void {
    for (const link of this.links.values()) link.disconnect()
  }
}

const owns = (node: PsNode, key: string) => {
  const slot = hashSlot(Buffer.from(key).toString('latin1'))
  return node.slots?.some(({first, last}) => slot >= first && slot <= last) ?? false
}

async function primariesOf(world: EnvironmentWorld): Promise<PsNode[]> {
  return ((await world.ps())?.nodes ?? []).filter(({role}) => role === 'primary')
}

/**
 * The developer's story: up, write, cut a primary off, see its replica take over, write on, heal, see the old primary come
 * back as a replica, find every write that the majority acknowledged, down, and nothing is left.
 */
export async function tellStory(engine: EngineWorld): Promise<void> {
  const world = await EnvironmentWorld.make(engine, 'story')
  const writers = new Writers()
  try {
    expect((await world.up()).code).toBe(0)
    const before = await primariesOf(world)
    expect(before).toHaveLength(3)
    for (let i = 0; i < KEYS; i++) {
      const key = `before:${i}`
      expect(await writers.write(before.find((node) => owns(node, key))!.address.port, key, `v${i}`)).toBeUndefined()
    }
    for (const {address} of before) expect(await writers.to(address.port).wait(1, 5000)).toBe(1)

    const victim = before[0]!
    const heir = (await world.ps())!.nodes.find(({replicaOf}) => replicaOf === victim.name)!
    const cutAt = performance.now()
    await world.do(['partition', '--isolate', victim.name])
    await waitFor(async () => (await writers.to(heir.address.port).role())[0] === 'master', {
      deadlineMs: 30_000,
      what: `${heir.name} to take over`,
    })
    const tookMs = performance.now() - cutAt
    expect(tookMs).toBeGreaterThan(NODE_TIMEOUT_MS * 0.9)
    expect(tookMs).toBeLessThan(NODE_TIMEOUT_MS + 8000)
    // Clients still reach it, and it refuses what it could not keep.
    const refused = `before:${[...Array(KEYS).keys()].find((i) => owns(victim, `before:${i}`))}`
    await waitFor(
      async () => /CLUSTERDOWN/.test(String(await writers.to(victim.address.port).set(refused, 'lost').catch(String))),
      {what: 'the primary that was cut off to refuse writes'},
    )
    const majority = [...before.slice(1), {...heir, slots: victim.slots!}]
    for (let i = 0; i < KEYS; i++) {
      const key = `during:${i}`
      const {address} = majority.find((node) => owns(node, key))!
      await waitFor(async () => (await writers.write(address.port, key, `v${i}`)) === undefined, {what: `SET ${key}`})
    }

    await world.do(['heal'])
    await waitFor(
      async () => {
        const [role, , port, state] = await writers.to(victim.address.port).role()
        return role === 'slave' && port === heir.address.port && state === 'connected'
      },
      {deadlineMs: 20_000, what: `${victim.name} to follow ${heir.name}`},
    )
    await waitFor(async () => (await world.ps())?.state === 'ok', {deadlineMs: 20_000, what: 'state ok'})
    const after = await primariesOf(world)
    for (const [key, value] of writers.acknowledged) {
      expect([key, await writers.to(after.find((node) => owns(node, key))!.address.port).get(key)]).toEqual([
        key,
        value,
      ])
    }
    expect(writers.acknowledged.size).toBe(2 * KEYS)
  } finally {
    writers.close()
    await world.do(['down'])
  }
  await world.expectNothingLeft()
}
