import {afterEach, expect, it, vi} from 'vitest'
import {type RegionNode, Regions, until} from './regions.js'

const disk = await vi.hoisted(async () => new (await import('../../support/held-disk.js')).HeldDisk(false))

vi.mock('node:fs', async (original) => disk.over(await original()))

const regions = new Regions()

afterEach(async () => {
  disk.letGo()
  await regions.stop()
})

it('appendfsync always: no other region has what the disk of this one does not have', async () => {
  const a = await regions.openRegion({appendfsync: 'always', appendonly: 'yes'})
  const b = await regions.openRegion()
  await regions.join([a, b])
  await a.call('SET', 'name', 'first')
  await until(async () => (await b.call('GET', 'name')) === 'first', 'a write that the disk has')
  disk.isHeld = true
  const answer = a.call('SET', 'name', 'second')
  await until(() => disk.asked.length > 0, 'a question to the disk')
  await until(async () => (await statusAt(b)) === 'down', 'heartbeats to wait with it')
  expect(await b.call('GET', 'name')).toBe('first')
  disk.letGo()
  expect(await answer).toBe('OK')
  await until(async () => (await b.call('GET', 'name')) === 'second', 'the write')
})

const statusAt = async (node: RegionNode) => (await node.peer(1)).status
