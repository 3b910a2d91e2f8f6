import {RdbFileWriter} from '../../protocol/rdb/file-writer.js'
import type {Value} from '../keyspace/value.js'
import {knownScripting} from '../scripting/known-scripting.js'
import {REDIS_VERSION, type Server} from '../server.js'
import {hiddenField} from '../slot-migration/passive-imports.js'
import {KeyspaceSource, type KeyspaceWriter} from './keyspace-source.js'
import {CRDT_FIELD} from './state-source.js'

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

/** The data as they were when it was opened, as an RDB file. */
export class Snapshot extends KeyspaceSource {
  constructor(server: Server, {aux = {}, parts = 'all'}: SnapshotFacts) {
    const {config, effects} = server
    const {rdbchecksum, rdbcompression} = config.values
    const chunks: Uint8Array[] = []
    const writer = new RdbFileWriter({
      checksum: rdbchecksum,
      compress: rdbcompression,
      emit: (chunk) => chunks.push(chunk),
    })
    const identity = server.crdt?.durability.identity
    const fields = identity === undefined ? aux : {...aux, [CRDT_FIELD]: JSON.stringify(identity)}
    writeAux(writer, server, effects.memory().heapUsed, fields)
    if (parts !== 'nothing') {
      for (const {code} of knownScripting(server)?.functions.all() ?? []) writer.library(code)
    }
    // In an active-active database the keys are what is visible of the state.
    const content = parts === 'all' ? (server.crdt?.durability.openWalk(writer) ?? 'keys') : undefined
    super(server, new RdbKeys(server, writer), chunks, content)
  }
}

function writeAux(
  writer: RdbFileWriter,
  {migrations, state}: Server,
  usedBytes: number,
  more: Readonly<Record<string, string>>,
): void {
  writer.aux('redis-ver', REDIS_VERSION)
  writer.aux('redis-bits', '64')
  writer.aux('ctime', String(Math.floor(state.nowMs / 1000)))
  writer.aux('used-mem', String(usedBytes))
  const hidden = hiddenField(migrations.hidden)
  if (hidden !== undefined) writer.aux(HIDDEN_SLOTS_FIELD, hidden)
  for (const [name, value] of Object.entries(more)) writer.aux(name, value)
}

class RdbKeys implements KeyspaceWriter {
  constructor(
    private readonly server: Server,
    private readonly writer: RdbFileWriter,
  ) {}

  get bytes(): number {
    return this.writer.bytes
  }

  database(index: number, size: number, expiresSize: number): void {
    this.writer.database(index, size, expiresSize)
  }

  key(key: string, value: Value, expireAtMs: number | undefined, mark: number): boolean {
    const {writer} = this
    if (expireAtMs !== undefined) writer.expiry(expireAtMs)
    const {lfu, lruClock} = this.server.state
    const {maxmemoryPolicy} = this.server.config.values
    if (lfu !== undefined) writer.frequency(lfu.countOf(mark))
    else if (maxmemoryPolicy.endsWith('-lru')) writer.idle(Math.max(0, lruClock - mark))
    return writer.key(key, typeof value === 'string' ? value : value.toRdb())
  }

  more(): boolean {
    return this.writer.more()
  }

  end(): void {
    this.writer.end()
  }
}
