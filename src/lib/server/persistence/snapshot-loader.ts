import {type RdbFileKey, RdbFileReader} from '../../protocol/rdb/file-reader.js'
import {RdbError} from '../../protocol/rdb/reader.js'
import {Database} from '../keyspace/database.js'
import {valueFromRdb} from '../keyspace/from-rdb.js'
import {knownScripting} from '../scripting/known-scripting.js'
import {scriptingOf} from '../scripting/scripting.js'
import type {Server} from '../server.js'
import {HIDDEN_SLOTS_FIELD} from './snapshot.js'
import {CRDT_FIELD, CRDT_MODULE, type CrdtIdentity, type StateLoading, StrangeDatabaseError} from './state-source.js'

/**
 * Loads an RDB file, of a primary or from disk, beside the data there are, which stay in use; they are replaced at once when
 * it is whole.
 */
export class SnapshotLoader {
  private readonly reader = new RdbFileReader({checksum: true, module: CRDT_MODULE.name})
  private readonly databases: Database[]
  private readonly functions: string[] = []
  private readonly aux = new Map<string, string>()
  /** Of an active-active database; undefined while it has not shown to hold one. */
  private state: StateLoading | undefined
  /** It is of a database that the node has left. */
  private isLeftOut = false
  keys = 0
  /** Keys left out because their time was over. */
  expiredKeys = 0

  /**
   * @param dropsExpired - a node's own file: what has run out meanwhile is gone. Unless the file has a place in a stream:
   * it may go on by giving such a key more time, or replicas are to hear of the deletion
   */
  constructor(
    private readonly server: Server,
    private readonly dropsExpired = false,
  ) {
    const {databases, isCluster, state} = server
    this.databases = databases.map(({index}) => new Database(index, state, isCluster))
  }

  /** @throws RdbError; StrangeDatabaseError */
  push(bytes: Uint8Array): void {
    const {reader} = this
    reader.push(bytes)
    for (let item = reader.next(); item !== undefined; item = reader.next()) {
      if (item.kind === 'key') this.add(item)
      else if (item.kind === 'function') this.functions.push(item.code)
      else if (item.kind === 'aux') this.addField(item.name, item.value)
      else if (item.kind === 'module-value') this.addState(item.value)
    }
  }

  private addField(name: string, value: string): void {
    this.aux.set(name, value)
    if (name !== CRDT_FIELD) return
    if (this.keys > 0) throw new RdbError('keys before the state of an active-active database')
    const identity = identityFrom(value)
    const {crdt, former, migrations} = this.server
    const isOwnFile = this.dropsExpired || migrations.followed.isOfFile
    this.isLeftOut = isOwnFile && former?.isOf(identity) === true
    if (this.isLeftOut) return
    if (crdt?.durability.isOf(identity) !== true) throw new StrangeDatabaseError(identity)
    this.state = crdt.durability.openLoading(this.databases[0]!)
  }

  private addState(value: number | string): void {
    if (this.isLeftOut) return
    if (this.state === undefined)
      throw new RdbError('the state of an active-active database, which is not named before')
    this.state.take(value)
  }

  private add({database, expireAtMs, frequency, idleSeconds, key, value}: RdbFileKey): void {
    // They would be nobody's.
    if (this.state !== undefined) throw new RdbError('a key beside the state of an active-active database')
    const {config, state} = this.server
    if (this.dropsExpired && expireAtMs !== undefined && expireAtMs <= state.nowMs && !this.aux.has('repl-id')) {
      this.expiredKeys++
      return
    }
    this.keys++
    const db = this.databases[database]
    if (db === undefined) throw new RdbError(`the snapshot has a database ${database}, this node has not`)
    db.set(key, valueFromRdb(value, config.values))
    if (expireAtMs !== undefined) db.setExpiry(key, expireAtMs)
    if (state.lfu !== undefined && frequency !== undefined) db.setAccess(key, state.lfu.markOf(frequency))
    if (state.lfu === undefined && idleSeconds !== undefined) db.setAccess(key, state.lruClock - idleSeconds)
  }

  /** A field before the data. */
  auxOf(name: string): string | undefined {
    return this.aux.get(name)
  }

  /** Bytes behind the end of the file, as far as they were pushed: an old append-only file goes on there. */
  rest(): Uint8Array {
    return this.reader.rest()
  }

  /** The file has come to its end. */
  get isWhole(): boolean {
    return this.reader.isWhole
  }

  /** Bytes of the file, up to its end at most. */
  get offset(): number {
    return this.reader.offset
  }

  /** Puts the new data in the place of the old. @throws RdbError */
  finish(): void {
    this.reader.requireEnd()
    const {databases, state, tracking} = this.server
    if (this.state !== undefined) this.keys = this.databases[0]!.size
    this.state?.finish()
    databases.forEach((db, i) => {
      db.swapWith(this.databases[i]!)
      // What was there goes by way of a flush: it tells whoever counts.
      this.databases[i]!.flush()
    })
    if (this.functions.length > 0 || knownScripting(this.server) !== undefined) {
      scriptingOf(this.server).functions.restore(this.functions, 'flush')
    }
    this.server.migrations.followed.adopt(this.aux.get(HIDDEN_SLOTS_FIELD))
    tracking.invalidateAll()
    state.dirty = 0
  }

  /** It did not come to its end. */
  abandon(): void {
    for (const db of this.databases) db.flush()
  }
}

/** @throws RdbError */
function identityFrom(json: string): CrdtIdentity {
  try {
    const {guid, region} = JSON.parse(json)
    return {guid, region}
  } catch {
    throw new RdbError('it does not say whose state of an active-active database it holds')
  }
}
