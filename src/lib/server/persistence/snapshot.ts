import {RdbFileWriter} from '../../protocol/rdb/file-writer.js'
import {KeyspaceWalk} from '../keyspace/keyspace-walk.js'
import type {Value} from '../keyspace/value.js'
import {knownScripting} from '../scripting/known-scripting.js'
import {REDIS_VERSION, type Server} from '../server.js'

/** What a snapshot holds: everything, or less. */
export type SnapshotParts = 'all' | 'functions' | 'nothing'

export interface SnapshotFacts {
  /** Fields before the data: `repl-id`, `aof-base` and their like. */
  readonly aux?: Readonly<Record<string, string>>
  /** Default: everything. */
  readonly parts?: SnapshotParts
}

/** Which slots hold keys that nobody is to see (slot-migration/passive-imports.ts). */
export const HIDDEN_SLOTS_FIELD = 'shoal-hidden-slots'

/** Bytes made in one step. */
const STEP_BYTES = 64 * 1024

/**
 * The data as they were when it was opened, as an RDB file, made while they change (no fork: design.md 4.3). What is about
 * to change is written before it does.
 */
export class Snapshot {
  private readonly writer: RdbFileWriter
  private readonly walk: KeyspaceWalk | undefined
  private chunks: Uint8Array[] = []
  private isMidValue = false
  private isWritten = false

  constructor(
    private readonly server: Server,
    {aux = {}, parts = 'all'}: SnapshotFacts,
  ) {
    const {config, effects, state} = server
    const {rdbchecksum, rdbcompression} = config.values
    this.writer = new RdbFileWriter({
      checksum: rdbchecksum,
      compress: rdbcompression,
      emit: (chunk) => this.chunks.push(chunk),
    })
    this.writeAux(effects.memory().heapUsed, aux)
    if (parts !== 'nothing') {
      for (const {code} of knownScripting(server)?.functions.all() ?? []) this.writer.library(code)
    }
    if (parts !== 'all') return
    this.walk = new KeyspaceWalk(server.databases, {
      database: (index, size, expiresSize) => this.writer.database(index, size, expiresSize),
      key: (key, value, expireAtMs, mark) => this.writeKey(key, value, expireAtMs, mark),
      settle: () => this.finishValue(),
    })
    state.walks.add(this.walk)
  }

  private writeAux(usedBytes: number, more: Readonly<Record<string, string>>): void {
    const {writer} = this
    writer.aux('redis-ver', REDIS_VERSION)
    writer.aux('redis-bits', '64')
    writer.aux('ctime', String(Math.floor(this.server.state.nowMs / 1000)))
    writer.aux('used-mem', String(usedBytes))
    const hidden = this.server.migrations.snapshotField
    if (hidden !== undefined) writer.aux(HIDDEN_SLOTS_FIELD, hidden)
    for (const [name, value] of Object.entries(more)) writer.aux(name, value)
  }

  private writeKey(key: string, value: Value, expireAtMs: number | undefined, mark: number): boolean {
    const {writer} = this
    // A value must not change before all of it is written.
    this.finishValue()
    if (expireAtMs !== undefined) writer.expiry(expireAtMs)
    const {lfu, lruClock} = this.server.state
    const {maxmemoryPolicy} = this.server.config.values
    if (lfu !== undefined) writer.frequency(lfu.countOf(mark))
    else if (maxmemoryPolicy.endsWith('-lru')) writer.idle(Math.max(0, lruClock - mark))
    this.isMidValue = !writer.key(key, typeof value === 'string' ? value : value.toRdb())
    return !this.isMidValue
  }

  private finishValue(): void {
    while (this.isMidValue) this.isMidValue = !this.writer.more()
  }

  /** @returns what comes next; undefined: that was all */
  next(): Uint8Array | undefined {
    const {writer} = this
    const stopAt = writer.bytes + STEP_BYTES
    while (this.chunks.length === 0 && !this.isWritten) {
      if (writer.bytes >= stopAt) break
      if (this.isMidValue) this.isMidValue = !writer.more()
      else if (this.walk?.step() !== true) {
        writer.end()
        this.isWritten = true
        this.close()
      }
    }
    const chunk = this.chunks.shift()
    if (chunk !== undefined || this.isWritten) return chunk
    return EMPTY
  }

  /** Lets the data go. */
  close(): void {
    if (this.walk !== undefined) this.server.state.walks.delete(this.walk)
  }
}

const EMPTY = new Uint8Array(0)
