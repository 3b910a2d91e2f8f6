import {describe, expect, it} from 'vitest'
import type {Client} from '../../../../src/lib/server/client.js'
import type {Snapshot} from '../../../../src/lib/server/persistence/snapshot.js'
import {SnapshotLoader} from '../../../../src/lib/server/persistence/snapshot-loader.js'
import {placeIn} from '../../../../src/lib/server/replication/stream-place.js'
import type {Rig} from '../rig.js'
import {LinkedRigs} from './linked-rigs.js'

/** A replica may go on where it was only in the very history that it holds. */

const clients = new Map<Rig, Client>()

function run(rig: Rig, ...lines: string[]): string {
  const client = clients.get(rig) ?? rig.connect()
  clients.set(rig, client)
  return rig.run(client, ...lines)
}

/** What SAVE would write. */
function save(rig: Rig): Buffer {
  const pieces: Uint8Array[] = []
  const effects = rig.server.effects as unknown as {
    saveSnapshot(name: string, snapshot: Snapshot, done: () => void): void
  }
  effects.saveSnapshot = (_name, snapshot, done) => {
    for (let piece = snapshot.next(); piece !== undefined; piece = snapshot.next()) pieces.push(Buffer.from(piece))
    done()
  }
  rig.server.saving.start()
  return Buffer.concat(pieces)
}

/** As a node does that starts with such a file. */
function load(rig: Rig, file: Buffer): void {
  const loader = new SnapshotLoader(rig.server, true)
  loader.push(file)
  loader.finish()
  const place = placeIn((name) => loader.auxOf(name))
  if (place !== undefined) rig.server.replication.resume(place)
}

describe('the history of the data', () => {
  it('is another one after a time without a stream', () => {
    const rigs = new LinkedRigs('repl-backlog-ttl 10', '')
    const [primary, replica] = rigs.rigs as [Rig, Rig]
    run(replica, 'REPLICAOF h 0')
    run(primary, 'SET before 1')
    rigs.pass(2)
    expect(run(replica, 'GET before')).toBe('$1\r\n1\r\n')
    run(replica, 'REPLICAOF NO ONE')
    rigs.pass(20)
    expect(primary.server.replication.replicas.backlog).toBeUndefined()
    run(primary, 'SET alone 1')
    run(primary, 'REPLICAOF h 1')
    rigs.pass(2)
    expect(replica.server.replication.replicas.fullSyncs).toBe(1)
    expect(run(primary, 'GET alone')).toBe('$-1\r\n')
  })

  it('is not named by a file of data that changed without a stream', () => {
    const rigs = new LinkedRigs('', '')
    const [one, other] = rigs.rigs as [Rig, Rig]
    run(one, 'SET early 1')
    load(other, save(one))
    run(one, 'SET late 1', 'REPLICAOF h 1')
    rigs.pass(2)
    expect(run(one, 'GET late')).toBe('$-1\r\n')
    expect(other.server.replication.replicas.fullSyncs).toBe(1)
  })

  it('goes on in the database of the stream with another primary', () => {
    const rigs = new LinkedRigs('', '', '')
    const [primary, middle, last] = rigs.rigs as [Rig, Rig, Rig]
    run(middle, 'REPLICAOF h 0')
    run(last, 'REPLICAOF h 0')
    rigs.pass(2)
    run(primary, 'SELECT 3', 'SET a 1')
    rigs.pass(1)
    run(last, 'REPLICAOF h 1')
    rigs.pass(1)
    run(primary, 'SET b 1')
    rigs.pass(1)
    expect(middle.server.replication.replicas.partialSyncs).toBe(1)
    expect(run(last, 'SELECT 0', 'GET b', 'SELECT 3', 'GET b')).toBe('+OK\r\n$-1\r\n+OK\r\n$1\r\n1\r\n')
  })

  it('goes on in the database that its file names', () => {
    const rigs = new LinkedRigs('', '', '')
    const [primary, replica, restarted] = rigs.rigs as [Rig, Rig, Rig]
    run(replica, 'REPLICAOF h 0')
    rigs.pass(2)
    run(primary, 'SELECT 3', 'SET a 1')
    rigs.pass(1)
    // Of a primary and of a replica: both are in the same stream.
    for (const saved of [primary, replica]) {
      load(restarted, save(saved))
      run(primary, 'SET b 1')
      run(restarted, 'REPLICAOF h 0')
      rigs.pass(2)
      expect(primary.server.replication.replicas.partialSyncs).toBe(saved === primary ? 1 : 2)
      expect(run(restarted, 'SELECT 0', 'GET b', 'SELECT 3', 'GET b')).toBe('+OK\r\n$-1\r\n+OK\r\n$1\r\n1\r\n')
      run(restarted, 'REPLICAOF NO ONE')
    }
  })

  it('goes on with keys whose time was over when the replica came back, and had been put off', () => {
    const rigs = new LinkedRigs('', '', '')
    const [primary, replica, restarted] = rigs.rigs as [Rig, Rig, Rig]
    run(replica, 'REPLICAOF h 0')
    run(primary, 'SET kept 1 PX 5000', 'SET gone 1 PX 5000')
    rigs.pass(2)
    const file = save(replica)
    run(primary, 'PERSIST kept')
    rigs.pass(10)
    load(restarted, file)
    run(restarted, 'REPLICAOF h 0')
    rigs.pass(2)
    expect(run(primary, 'GET gone')).toBe('$-1\r\n')
    rigs.pass(1)
    expect(primary.server.replication.replicas.partialSyncs).toBe(1)
    expect(run(restarted, 'GET kept', 'DBSIZE')).toBe('$1\r\n1\r\n:1\r\n')
  })
})
