import {readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {expect, it} from 'vitest'
import {describeWithPeers, startRedis} from '../../support/peers.js'
import {claimPorts} from '../../support/ports.js'
import {temporaryFolder} from '../../support/processes.js'
import {type AnyNode, startEmbedded, startReal} from '../mixed-cluster-support.js'

/** Slots 12182, 15495, 3300, 7365. */
const KEYS = ['foo', 'a', 'b', 'c']
const OWN_ID = 'a'.repeat(40)
const OTHER_ID = 'b'.repeat(40)

/** A node that nodes.conf gives 7365; 3300 and 12182 are another's, and the latter is on its way in. */
function nodesConf(port: number): string {
  return [
    `${OWN_ID} 127.0.0.1:${port}@${port + 10000} myself,master - 0 0 1 connected 0-99 7365 [12182-<-${OTHER_ID}]`,
    `${OTHER_ID} 127.0.0.1:1@10001 master - 0 0 2 connected 100-7000 12182`,
    'vars currentEpoch 2 lastVoteEpoch 0\n',
  ].join('\n')
}

const FILES = {rdb: ['--save', '3600 1'], aof: ['--appendonly', 'yes', '--save', '']}

describeWithPeers('keys of slots that nodes.conf does not give to a node', () => {
  async function slotsOf(start: typeof startReal, args: readonly string[]) {
    const folder = temporaryFolder('keys')
    const port = await claimPorts()
    const before = await startRedis({args, folder, port})
    await before.call('MSET', ...KEYS.flatMap((key) => [key, '1']))
    await before.stop()
    writeFileSync(join(folder, 'nodes.conf'), nodesConf(port))
    const node: AnyNode = await start({args, folder, port})
    const ownLine = (text: string) => /myself,master \S+ \S+ \S+ \S+ connected (.*)/.exec(text)?.[1]
    const seen = {
      shown: ownLine(String(await node.call('CLUSTER', 'NODES'))),
      saved: ownLine(readFileSync(join(folder, 'nodes.conf'), 'utf8')),
      keys: await node.call('DBSIZE'),
      told: readFileSync(join(folder, start === startReal ? 'redis.log' : 'node.log'), 'utf8').match(
        /# I have keys.*/g,
      ),
    }
    await node.stop()
    return seen
  }

  it.each(Object.entries(FILES))('are treated as by redis-server: %s', async (_kind, args) => {
    const [real, own] = await Promise.all([slotsOf(startReal, args), slotsOf(startEmbedded, args)])
    expect(real.shown).toMatch(/^0-99 7365 15495 .*3300-<-/)
    expect(own).toEqual(real)
  })
})
