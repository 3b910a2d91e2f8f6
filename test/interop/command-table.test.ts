import {afterAll, beforeAll, expect, it} from 'vitest'
import {topCommands} from '../../src/lib/server/info/statistics.js'
import {describeWithPeers, type RedisNode, startRedis} from '../support/peers.js'
import {AdminHarness, type Reply} from '../unit/server/commands-server/harness.js'
import {RawPeer} from './admin-peer.js'

/** Not in Redis 7.0: atomic slot migration is spoken as Valkey 9 does, for tools that ask for it. */
const OWN = new Set(
  ['cancelslotmigrations', 'getslotmigrations', 'migrateslots', 'syncslots'].map((name) => `cluster|${name}`),
)

/** Every command the node has is described exactly as redis-server 7.0 describes it: by the byte, in RESP2 and RESP3. */
const node = new AdminHarness()
/** Shoal's own: how a node becomes part of an active-active database. */
const tops = [...topCommands(node.server.commands)].filter(({name}) => name !== 'crdt.config')

describeWithPeers('the command table beside redis-server', () => {
  let redis: RedisNode
  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(() => redis.stop())

  for (const resp of ['2', '3']) {
    it(`answers COMMAND INFO and DOCS alike in RESP${resp}`, async () => {
      const peer = await RawPeer.connect(redis.port)
      const client = node.connect()
      await peer.raw(['HELLO', resp])
      node.send(client, ['HELLO', resp])
      const different: string[] = []
      for (const top of tops) {
        // Redis lists subcommands in the order of its hash table, so containers are compared part by part.
        const names =
          top.subcommands === undefined ? [top.name] : [...top.subcommands.values()].map((one) => one.fullName)
        for (const name of names.filter((one) => !OWN.has(one))) {
          for (const command of ['INFO', 'DOCS']) {
            const argv = ['COMMAND', command, name]
            if ((await peer.raw(argv)) !== node.send(client, argv)) different.push(argv.join(' '))
          }
        }
      }
      peer.close()
      expect(different).toEqual([])
    })
  }

  it('has the same subcommands in every container', async () => {
    const peer = await RawPeer.connect(redis.port)
    const client = node.connect()
    for (const {name, subcommands} of tops) {
      if (subcommands === undefined) continue
      const [theirs, ours] = [
        await peer.call(['COMMAND', 'INFO', name]),
        node.call(client, ['COMMAND', 'INFO', name]),
      ].map((reply) => {
        const facts = (reply as Reply[][])[0]!
        return {
          names: (facts[9] as string[][])
            .map(([sub]) => sub)
            .filter((sub) => !OWN.has(sub!))
            .sort(),
          rest: facts.slice(0, 9),
        }
      })
      expect(ours, name).toEqual(theirs)
    }
    peer.close()
  })
})
