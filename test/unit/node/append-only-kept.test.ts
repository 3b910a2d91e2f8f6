import {afterEach, expect, it, vi} from 'vitest'
import {type OpenedNode, openNode} from '../../../src/lib/embedded/start-node.js'
import {isKept, type Moment, momentOf} from '../../../src/lib/server/crdt/durability/moments.js'
import {temporaryFolder, waitFor} from '../../support/processes.js'
import {encodeRequest, RawConnection} from '../../support/raw-resp.js'

const disk = await vi.hoisted(async () => new (await import('../../support/held-disk.js')).HeldDisk(true))

vi.mock('node:fs', async (original) => disk.over(await original()))

const running: OpenedNode[] = []
afterEach(async () => {
  disk.letGo()
  for (const {inner} of running.splice(0)) await inner.stop()
  disk.isHeld = true
})

async function wrote(appendfsync: string): Promise<{node: OpenedNode; moment: Moment; connection: RawConnection}> {
  const node = await openNode({directory: temporaryFolder(), settings: {appendfsync, appendonly: 'yes'}})
  running.push(node)
  const connection = await RawConnection.open(node.node.port)
  connection.send(encodeRequest(['SET', 'a', '1']))
  const {server} = node.inner
  await waitFor(() => server.databases[0]!.size === 1, {what: 'the write'})
  return {connection, moment: momentOf(server), node}
}

for (const appendfsync of ['always', 'everysec']) {
  it(`${appendfsync}: what was written is kept once the disk has it, and not before`, async () => {
    const {moment, node} = await wrote(appendfsync)
    const {server} = node.inner
    await waitFor(() => disk.asked.length > 0, {what: 'a question to the disk'})
    expect([server.appendOnly.gatheredBytes, isKept(server, moment)]).toEqual([0, false])
    disk.letGo()
    await waitFor(() => isKept(server, moment), {what: 'the disk'})
  })
}

it('no: what was written is kept once the kernel has it', async () => {
  const {moment, node} = await wrote('no')
  await waitFor(() => isKept(node.inner.server, moment), {what: 'the kernel'})
  expect(disk.asked).toEqual([])
})

it('what was written is kept when the file goes on in another', async () => {
  const {connection, moment, node} = await wrote('everysec')
  const {server} = node.inner
  const {appendOnly} = server
  connection.send(encodeRequest(['BGREWRITEAOF']))
  await waitFor(() => appendOnly.isRewriting, {what: 'the rewrite'})
  expect(isKept(server, moment)).toBe(false)
  disk.letGo()
  await waitFor(() => !appendOnly.isRewriting, {what: 'the end of the rewrite'})
  expect(isKept(server, moment)).toBe(true)
})
