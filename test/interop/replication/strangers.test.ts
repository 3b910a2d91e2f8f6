import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterEach, expect, it} from 'vitest'
import {describeWithPeers, formCluster} from '../../support/peers.js'
import {temporaryFolder, waitFor} from '../../support/processes.js'
import {type AnyNode, startEmbedded, startReal} from '../mixed-cluster-support.js'
import {infoOf, untilInSync} from './support.js'

/** A primary's address that another node answers at, as when machines are given addresses anew. */

const running: AnyNode[] = []
afterEach(async () => {
  for (const node of running.splice(0)) await node.stop()
})

async function keep(starting: Promise<AnyNode>): Promise<AnyNode> {
  const node = await starting
  running.push(node)
  return node
}

describeWithPeers('a replica whose primary has gone', () => {
  it.each([
    ['redis-server', startReal],
    ['embedded node', startEmbedded],
  ])(
    'does not copy what another %s has at its address, and follows it when it is back',
    async (_name, start) => {
      const primary = await keep(start())
      const replica = await keep(startEmbedded())
      await formCluster([primary, replica], 1)
      const id = String(await primary.call('CLUSTER', 'MYID'))
      await waitFor(async () => (await replica.call('CLUSTER', 'REPLICATE', id)) === 'OK', {what: 'REPLICATE'})
      await primary.call('SET', 'a', '1')
      await primary.call('SAVE')
      await untilInSync(primary, replica)
      await primary.kill()
      const stranger = await keep(start({folder: temporaryFolder('stranger'), port: primary.port}))
      const refusal = `MASTER ${id} is expected at its address, but ${await stranger.call('CLUSTER', 'MYID')} answers`
      const log = join(replica.folder, 'node.log')
      await waitFor(() => readFileSync(log, 'utf8').includes(refusal), {what: refusal})
      await replica.call('READONLY')
      expect(await replica.call('DBSIZE')).toBe(1)
      expect((await infoOf(replica)).get('master_link_status')).toBe('down')
      await stranger.kill()
      const back = await keep(primary.restart())
      await untilInSync(back, replica)
      expect(await replica.call('DBSIZE')).toBe(1)
    },
    40_000,
  )
})
