import {copyFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterAll, describe, expect, it} from 'vitest'
import {type StartedNode, startNode} from '../../../src/embedded.js'
import {describeWithPeers, type RedisNode, startRedis} from '../../support/peers.js'
import {claimPorts} from '../../support/ports.js'
import {temporaryFolder, waitFor} from '../../support/processes.js'
import {RawConnection} from '../../support/raw-resp.js'
import {call, expectSameData, fill, follow, infoOf, type Peer, untilInSync} from './support.js'

/**
 * Nodes and redis-servers that end and start again from their RDB file, as primary and as replica: they go on in the stream
 * where the file ends, in the database that the stream was in then.
 */

type Kind = 'node' | 'redis-server'

class Member implements Peer {
  private server: StartedNode | RedisNode | undefined

  constructor(
    readonly kind: Kind,
    readonly port: number,
    readonly folder: string,
  ) {}

  /** @param primary - as in redis.conf, if it starts as a replica */
  async start(primary?: Peer): Promise<void> {
    const settings: Record<string, string> = {
      'enable-debug-command': 'yes',
      'repl-diskless-sync-delay': '0',
      save: '',
      ...(primary && {replicaof: `127.0.0.1 ${primary.port}`}),
    }
    const {folder, port} = this
    const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, ...value.split(' ')])
    this.server =
      this.kind === 'node'
        ? await startNode({directory: folder, port, settings})
        : await startRedis({args, folder, port})
  }

  /** With SHUTDOWN SAVE. */
  async shutDown(): Promise<void> {
    await call(this, 'SHUTDOWN', 'SAVE').catch(() => undefined)
    await this.stop()
  }

  /** At once; nothing is saved. */
  async die(): Promise<void> {
    const {server} = this
    if (server !== undefined && 'kill' in server) await server.kill()
    await this.stop()
  }

  async stop(): Promise<void> {
    await this.server?.stop()
    this.server = undefined
  }
}

const members: Member[] = []
afterAll(async () => {
  await Promise.all(members.splice(0).map((one) => one.stop()))
})

async function member(kind: Kind, primary?: Peer): Promise<Member> {
  const one = new Member(kind, await claimPorts(), temporaryFolder('restart'))
  members.push(one)
  await one.start(primary)
  return one
}

/** The last command of the stream is in database 3. */
async function writeInThree(peer: Peer, value: string): Promise<void> {
  await call(peer, 'EVAL', `redis.call('SELECT', 3) redis.call('SET', 'where', '${value}')`, 0)
}

async function fullSyncs(peer: Peer): Promise<number> {
  return Number((await infoOf(peer, 'stats')).get('sync_full'))
}

async function untilExpired(peer: Peer, key: string): Promise<void> {
  await waitFor(async () => Number(await call(peer, 'PTTL', key)) <= 0, {what: `${key} expired`})
}

const PAIRS: readonly (readonly [primary: Kind, replica: Kind])[] = [
  ['node', 'node'],
  ['node', 'redis-server'],
  ['redis-server', 'node'],
]

describeWithPeers('restarts from the RDB file', () => {
  // Side by side: they mostly wait.
  describe.concurrent.each(PAIRS)('of a %s with a %s as its replica', (primaryKind, replicaKind) => {
    async function startPair(): Promise<[primary: Member, replica: Member]> {
      const primary = await member(primaryKind)
      await fill(primary)
      const replica = await member(replicaKind, primary)
      await untilInSync(primary, replica)
      await writeInThree(primary, 'before')
      await untilInSync(primary, replica)
      return [primary, replica]
    }

    it.each([
      ['is shut down', (one: Member) => one.shutDown()],
      ['dies after a save', (one: Member) => call(one, 'SAVE').then(() => one.die())],
    ])('the replica %s, and goes on where its file ends', async (_name, end) => {
      const [primary, replica] = await startPair()
      await end(replica)
      await writeInThree(primary, 'meanwhile')
      await replica.start(primary)
      await expectSameData(primary, replica)
      expect(await fullSyncs(primary)).toBe(1)
    })

    it('the replica dies a while after its save, and gets the rest of the stream', async () => {
      const [primary, replica] = await startPair()
      await call(replica, 'SAVE')
      await writeInThree(primary, 'after the save')
      await untilInSync(primary, replica)
      await replica.die()
      await replica.start(primary)
      await expectSameData(primary, replica)
      expect(await fullSyncs(primary)).toBe(1)
    })

    it('a key that seemed to expire while the replica was away is kept, as its primary kept it', async () => {
      const [primary, replica] = await startPair()
      await call(primary, 'SET', 'kept', '1', 'PX', 1500)
      await untilInSync(primary, replica)
      await replica.shutDown()
      expect(await call(primary, 'PERSIST', 'kept')).toBe(1)
      const copy = await member('redis-server')
      await call(copy, 'SET', 'kept', '1', 'PX', 1500)
      await untilExpired(copy, 'kept')
      await replica.start(primary)
      await expectSameData(primary, replica)
      expect(await call(replica, 'GET', 'kept')).toBe('1')
    })

    it('the primary is shut down, and its replica goes on where it was', async () => {
      const [primary, replica] = await startPair()
      await primary.shutDown()
      await primary.start()
      await writeInThree(primary, 'later')
      await expectSameData(primary, replica)
      expect(await fullSyncs(primary)).toBe(0)
    })

    it('what expired while the primary was away goes on its replica too', async () => {
      const [primary, replica] = await startPair()
      await call(primary, 'SET', 'gone', '1', 'PX', 200)
      await untilInSync(primary, replica)
      await primary.shutDown()
      await untilExpired(replica, 'gone')
      await primary.start()
      await expectSameData(primary, replica)
      expect(await fullSyncs(primary)).toBe(0)
    })
  })

  describe.concurrent('of nodes', () => {
    it('a node that was a primary follows its former replica from where its file ends', async () => {
      const [primary, replica] = [await member('node'), await member('redis-server')]
      await follow(replica, primary)
      await untilInSync(primary, replica)
      await writeInThree(primary, 'before')
      await call(primary, 'SAVE')
      await writeInThree(primary, 'after the save')
      await untilInSync(primary, replica)
      await primary.die()
      await call(replica, 'REPLICAOF', 'NO', 'ONE')
      await writeInThree(replica, 'later')
      await primary.start(replica)
      await expectSameData(replica, primary)
      expect(await fullSyncs(replica)).toBe(0)
    })

    it('a file that was written while nobody followed names no place in a stream', async () => {
      const [primary, other] = [await member('node'), await member('redis-server')]
      await call(primary, 'SET', 'a', 1)
      await call(primary, 'SAVE')
      await other.stop()
      copyFileSync(join(primary.folder, 'dump.rdb'), join(other.folder, 'dump.rdb'))
      await call(primary, 'SET', 'a', 2)
      await primary.shutDown()
      await primary.start()
      await other.start(primary)
      await expectSameData(primary, other)
      expect(await call(other, 'GET', 'a')).toBe('2')
    })

    it('the stream stands still while a primary saves to end, whoever waits for acknowledgements', async () => {
      const primary = await member('node')
      const replica = await member('redis-server', primary)
      // So many that it takes a while.
      await call(primary, 'EVAL', "for i = 1, 40000 do redis.call('SET', 'key:' .. i, ('x'):rep(100)) end", 0)
      await call(primary, 'CONFIG', 'SET', 'repl-ping-replica-period', 1)
      await untilInSync(primary, replica)
      const connection = await RawConnection.open(primary.port)
      const waiting = (async () => {
        // None of it is a write, which would wait for the end.
        while (!connection.closed) await connection.call('WAIT', '9', '5')
      })().catch(() => undefined)
      await primary.shutDown()
      await waiting
      await primary.start()
      await expectSameData(primary, replica)
      expect(await fullSyncs(primary)).toBe(0)
    })

    it('a file that was written after the backlog was freed names no place either', async () => {
      const primary = await member('node')
      const replica = await member('redis-server', primary)
      await untilInSync(primary, replica)
      await writeInThree(primary, 'before')
      await untilInSync(primary, replica)
      await call(primary, 'CONFIG', 'SET', 'repl-backlog-ttl', 1)
      await replica.shutDown()
      await waitFor(async () => (await infoOf(primary)).get('repl_backlog_active') === '0', {what: 'no backlog'})
      await writeInThree(primary, 'unheard')
      await primary.shutDown()
      await primary.start()
      await replica.start(primary)
      await expectSameData(primary, replica)
    })

    it('a replica that turns to another primary of the same history stays in its database', async () => {
      const primary = await member('node')
      const [one, other] = [await member('node', primary), await member('redis-server', primary)]
      await untilInSync(primary, one)
      await untilInSync(primary, other)
      await writeInThree(primary, 'before')
      await untilInSync(primary, one)
      await untilInSync(primary, other)
      await follow(one, other)
      await untilInSync(other, one)
      await writeInThree(primary, 'later')
      await untilInSync(primary, other)
      await expectSameData(other, one)
      expect(await fullSyncs(other)).toBe(0)
    })
  })
})
