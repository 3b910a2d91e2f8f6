import {encodeCommand} from '../../protocol/resp/encode-command.js'
import type {ServerEffects} from '../effects.js'
import type {LinkEvents, PrimaryConnection} from '../replication/link-effects.js'
import type {Server} from '../server.js'

/** What the shell tells of a connection to a target. */
export interface MigrationLinkEvents extends LinkEvents {
  /** All that was sent has left this process. */
  onDrain(): void
}

export interface MigrationConnection extends PrimaryConnection {
  /** Bytes that the kernel has not taken. */
  readonly unsentBytes: number
}

/** What slot migration asks of the shell; a server whose effects lack it gives no slots away. */
export interface MigrationEffects {
  /** Connects to the clients' port of another node. */
  openMigrationLink(host: string, port: number, events: MigrationLinkEvents): MigrationConnection
  soon(run: () => void): void
}

export function migrationEffects(server: Server): MigrationEffects {
  return server.effects as ServerEffects & MigrationEffects
}

export interface LinkOwner {
  onOpen(): void
  /** @param line - of the target, without its end */
  onLine(line: string): void
  onDrain(): void
  onClose(reason: string | undefined): void
}

/** Nobody sends longer lines than an error. */
const LINE_BYTES_MAX = 16 * 1024
/** What was gathered is handed to the kernel at this size, or at the end of the loop's turn. */
const BATCH_BYTES = 64 * 1024

/**
 * A source's connection to the clients' port of its target: commands go out, lines come in.
 *
 *     AUTH [user] password                                        +OK
 *     CLUSTER SYNCSLOTS ESTABLISH SOURCE id TARGET id NAME name SLOTSRANGE ... +OK
 *     the keys as commands, amid them what changes in slots that are done
 *     CLUSTER SYNCSLOTS SNAPSHOT-EOF                              +REQUEST-PAUSE
 *     CLUSTER SYNCSLOTS GETACK n                                  +ACK n
 *     CLUSTER SYNCSLOTS PAUSED                                    +REQUEST-FAILOVER epoch
 *     CLUSTER SYNCSLOTS FAILOVER-GRANTED epoch                    +FINISHED epoch
 *
 * An error in place of any of these ends the migration.
 */
export class TargetLink {
  private readonly connection: MigrationConnection
  private readonly server: Server
  private batch = ''
  private isFlushing = false
  private incoming = ''
  private isClosed = false

  constructor(server: Server, host: string, port: number, owner: LinkOwner) {
    this.server = server
    this.connection = migrationEffects(server).openMigrationLink(host, port, {
      onClose: (reason) => {
        if (this.isClosed) return
        this.isClosed = true
        owner.onClose(reason)
      },
      onData: (bytes) => this.onData(bytes, owner),
      onDrain: () => owner.onDrain(),
      onOpen: () => owner.onOpen(),
    })
  }

  /** With the credentials that replicas use. @returns whether there are any */
  authenticate(): boolean {
    const {masterauth, masteruser} = this.server.config.values
    if (masterauth === '') return false
    this.send(encodeCommand(['AUTH', ...(masteruser === '' ? [] : [masteruser]), masterauth]))
    return true
  }

  command(...words: readonly string[]): void {
    this.send(encodeCommand(['CLUSTER', 'SYNCSLOTS', ...words]))
    this.flush()
  }

  /** @param text - whole commands */
  send(text: string): void {
    if (this.isClosed) return
    this.batch += text
    if (this.batch.length >= BATCH_BYTES) this.flush()
    else if (!this.isFlushing) {
      this.isFlushing = true
      migrationEffects(this.server).soon(() => {
        this.isFlushing = false
        this.flush()
      })
    }
  }

  private flush(): void {
    if (this.isClosed || this.batch === '') return
    const {batch} = this
    this.batch = ''
    this.connection.send(batch)
  }

  get unsentBytes(): number {
    return this.isClosed ? 0 : this.connection.unsentBytes + this.batch.length
  }

  /** No event comes any more. Safe to call twice. */
  close(): void {
    if (this.isClosed) return
    this.flush()
    this.isClosed = true
    this.connection.close()
  }

  private onData(bytes: Uint8Array, owner: LinkOwner): void {
    this.incoming += Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
    for (let end = this.incoming.indexOf('\r\n'); end >= 0 && !this.isClosed; end = this.incoming.indexOf('\r\n')) {
      const line = this.incoming.slice(0, end)
      this.incoming = this.incoming.slice(end + 2)
      owner.onLine(line)
    }
    if (this.incoming.length > LINE_BYTES_MAX && !this.isClosed) {
      this.close()
      owner.onClose('the target does not speak the protocol')
    }
  }
}
