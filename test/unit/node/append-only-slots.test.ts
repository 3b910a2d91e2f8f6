import type * as fs from 'node:fs'
import {afterEach, expect, it, vi} from 'vitest'
import {type StartedNode, startNode} from '../../../src/embedded.js'
import {hashSlot} from '../../../src/lib/protocol/hash-slot.js'
import {temporaryFolder, waitFor} from '../../support/processes.js'
import {RawConnection} from '../../support/raw-resp.js'

const disk = await vi.hoisted(async () => new (await import('../../support/held-disk.js')).HeldDisk(false))
/** The disk is held from when it is given a file with this text. */
const hold = vi.hoisted(() => ({awaited: ''}))

vi.mock('node:fs', async (original) => {
  const real = await original<typeof fs>()
  return {
    ...disk.over(real),
    writeSync: (fd: number, bytes: Uint8Array | string, ...rest: never[]) => {
      if (hold.awaited !== '' && Buffer.from(bytes as Uint8Array).includes(hold.awaited)) disk.isHeld = true
      return real.writeSync(fd, bytes as never, ...rest)
    },
  }
})

const running: StartedNode[] = []

function letGo(): void {
  hold.awaited = ''
  disk.letGo()
}

afterEach(async () => {
  letGo()
  for (const node of running.splice(0)) await node.stop()
})

async function start(settings: Readonly<Record<string, string>>) {
  const given = {'cluster-enabled': 'yes', 'cluster-node-timeout': '60000', ...settings}
  const node = await startNode({directory: temporaryFolder(), settings: given})
  running.push(node)
  return {connection: await RawConnection.open(node.port), port: node.port}
}

const SLOT = hashSlot('hold')
const KEYS = Array.from({length: 200}, (_, i) => `{hold}${i}`)

it('always: a target takes slots when their keys are on its disk, not before', async () => {
  const source = (await start({})).connection
  const {connection: target, port} = await start({appendfsync: 'always', appendonly: 'yes'})
  await source.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383')
  await source.call('CLUSTER', 'MEET', '127.0.0.1', `${port}`)
  const isKnown = async () => /0-16383/.test(await target.call('CLUSTER', 'NODES'))
  await waitFor(isKnown, {what: 'one cluster'})
  await source.call('MSET', ...KEYS.flatMap((key) => [key, 'v'.repeat(1000)]))
  const id = (await target.call('CLUSTER', 'MYID')).split('\r\n')[1]!

  hold.awaited = '{hold}'
  await source.call('CLUSTER', 'MIGRATESLOTS', 'SLOTSRANGE', `${SLOT}`, `${SLOT}`, 'NODE', id)
  const states = new Set<string>()
  const state = async () => {
    const seen = /state\r\n\$\d+\r\n([a-z-]+)/.exec(await source.call('CLUSTER', 'GETSLOTMIGRATIONS'))?.[1] ?? ''
    states.add(seen)
    return seen
  }
  await waitFor(() => disk.asked.length > 0, {everyMs: 1, what: 'keys on their way to the disk'})
  for (let i = 0; i < 30; i++) expect(await state()).not.toMatch(/success|failover-granted/)
  expect(await source.call('CLUSTER', 'COUNTKEYSINSLOT', `${SLOT}`)).toBe(`:${KEYS.length}\r\n`)
  letGo()
  await waitFor(async () => (await state()) === 'success', {what: () => `success: ${[...states]}`})
  expect(await target.call('CLUSTER', 'COUNTKEYSINSLOT', `${SLOT}`)).toBe(`:${KEYS.length}\r\n`)
})
