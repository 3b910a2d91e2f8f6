import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import type {Verification} from '../../../src/lib/operations/crdb/verify.js'
import {CrdbWorld} from '../../support/crdb/world.js'
import {describeWithPeers, type RedisNode, startRedis} from '../../support/peers.js'
import {claimPorts} from '../../support/ports.js'
import {temporaryFolder} from '../../support/processes.js'
import {everyKind, keysOf, plainKeys, sendAll} from '../import-support.js'

/** Keys that were elsewhere before: `shoal import` and `shoal restore` into an active-active database. */
const world = new CrdbWorld()
const at = async (id: number) => `127.0.0.1:${await world.port(id)}`

beforeAll(async () => {
  await world.up()
  await world.done(...(await world.createArgs()))
})
afterAll(() => world.down())

/** All regions have so many keys, and the same. */
async function everywhere(count: number): Promise<void> {
  const run = await world.done('crdb', 'verify', '--deep', '--wait', '30s', '--json')
  const {equal, regions} = run.json<Verification>()
  expect([equal, regions.map(({keys}) => keys)]).toEqual([true, [count, count, count]])
}

describeWithPeers('import', () => {
  let source: RedisNode

  beforeAll(async () => {
    source = await startRedis()
    await sendAll(source.port, [...everyKind(Date.now() + 3_600_000), ...plainKeys(2000)])
  })
  afterAll(() => source?.stop())

  it('brings all keys of a redis-server to all regions, compares them, and finds them there again', async () => {
    const from = ['--from', `127.0.0.1:${source.port}`, '--yes', '--json']
    const {length} = await keysOf(source.port)
    const first = (await world.done('import', await at(2), ...from)).json<{result: Record<string, unknown>}>()
    expect(first.result).toMatchObject({conflict: 0, scanned: length, written: length})
    await everywhere(length)
    await world.call(3, 'HSET', 'hash', 'f', 'newer')
    await everywhere(length)
    const again = await world.shoal(['import', await at(1), ...from, '--replace'])
    expect(again.code, again.stderr).toBe(0)
    expect(await world.agreement([1, 2, 3], 'HGET', 'hash', 'f')).toBe('v')
    await everywhere(length)
    await world.done('crdb', 'flush', '--yes')
    await everywhere(0)
  })
})

describe('restore', () => {
  it('brings a backup of a cluster to all regions, in which it can be restored again', async () => {
    const folder = join(temporaryFolder('backup'), 'backup')
    const base = await claimPorts(3)
    await world.done('up', '--name', 'plain', '--primaries', '1', '--replicas', '0', '--base-port', String(base))
    try {
      await sendAll(base, [...everyKind(Date.now() + 3_600_000), ...plainKeys(500)])
      await world.done('backup', `127.0.0.1:${base}`, folder)
      const {length} = await keysOf(base)
      await world.done('restore', await at(1), folder, '--yes')
      await everywhere(length)
      // What readers of streams have open is that region's own.
      await world.done('restore', await at(1), folder, '--yes')
      await everywhere(length)
    } finally {
      await world.done('down', '--name', 'plain')
    }
  })
})
