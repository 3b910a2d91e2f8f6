import {AofRewriter} from '../../protocol/aof/rewriter.js'
import type {Value} from '../keyspace/value.js'
import {knownScripting} from '../scripting/known-scripting.js'
import type {Server} from '../server.js'
import {hidingCommands} from '../slot-migration/passive-imports.js'
import {KeyspaceSource, type KeyspaceWriter} from './keyspace-source.js'
import {Snapshot} from './snapshot.js'

/** Only snapshots hold the state of an active-active database. */
export function isBaseSnapshot(server: Server): boolean {
  return server.config.values.aofUseRdbPreamble || server.crdt !== undefined
}

/** The data as they are now, as the base of an append-only file in the form that the configuration asks for. */
export function openBase(server: Server): KeyspaceSource {
  return isBaseSnapshot(server) ? new Snapshot(server, {aux: {'aof-base': '1'}}) : new CommandSnapshot(server)
}

/** The data as they were when it was opened, as commands. */
class CommandSnapshot extends KeyspaceSource {
  constructor(server: Server) {
    const chunks: Uint8Array[] = []
    const writer = new AofRewriter((chunk) => chunks.push(chunk))
    if (server.config.values.aofTimestampEnabled) writer.timestamp(Math.floor(server.state.nowMs / 1000))
    for (const {code} of knownScripting(server)?.functions.all() ?? []) writer.library(code)
    for (const argv of hidingCommands(server.migrations.hidden)) writer.command(argv)
    super(server, new CommandKeys(writer), chunks, 'keys')
  }
}

class CommandKeys implements KeyspaceWriter {
  constructor(private readonly writer: AofRewriter) {}

  get bytes(): number {
    return this.writer.bytes
  }

  database(index: number): void {
    this.writer.database(index)
  }

  key(key: string, value: Value, expireAtMs: number | undefined): boolean {
    return this.writer.key(key, typeof value === 'string' ? value : value.toRdb(), expireAtMs)
  }

  more(): boolean {
    return this.writer.more()
  }

  end(): void {
    this.writer.end()
  }
}
