import {closeSync, fdatasync, fdatasyncSync, ftruncateSync, writeSync} from 'node:fs'
import type {AppendOnly} from '../../server/persistence/append-only.js'
import type {Server} from '../../server/server.js'
import {emptyOutbox} from '../client-socket.js'
import {systemMessage} from '../config-file.js'
import type {OutputGate} from '../output-gate.js'

/** `everysec`: how often the disk is asked for what was written, and how long a write waits for the disk to be done. */
const SYNC_EVERY_MS = 1000
const POSTPONED_MS_MAX = 2000
/** After a write that failed. */
const RETRY_MS = 1000

/**
 * Writes the append-only file and makes it durable (wire.md 4), one write for each turn of the loop.
 *
 * `always`: no client is sent anything before the disk has what came before. One turn's commands, of all clients, are made
 * durable together; what comes while the disk works on them waits for the next time. `everysec`: once a second the disk is
 * asked, meanwhile nothing is written, for up to two seconds. `no`: never.
 */
export class AofWriter {
  private readonly log: AppendOnly
  private fd = -1
  /** Of the file, up to the last whole write. */
  private bytes = 0
  /** Of what has been gathered, bytes that are in the file all the same: the last write failed half-way. */
  private halfWritten = 0
  private isQueued = false
  /** Another file is being made to go on in. */
  private isWaiting = false
  /** Not all that was written has been asked of the disk. */
  private isDirty = false
  private isSyncing = false
  private lastSyncMs = 0
  private postponedSinceMs = 0
  private failedMs = 0
  /** Changes with each file; what comes back from the disk for another one is of no interest. */
  private generation = 0
  /** The disk has answered. */
  private onIdle: (() => void) | undefined

  /** @param onFatal - what was acknowledged cannot be kept: the node must not answer anybody any more */
  constructor(
    private readonly server: Server,
    private readonly gate: OutputGate,
    private readonly onFatal: (reason: string) => void,
  ) {
    this.log = server.appendOnly
  }

  get isOpen(): boolean {
    return this.fd >= 0
  }

  /** Of the file that is written to. */
  get fileBytes(): number {
    return this.bytes
  }

  /** Goes on in this file. The one before must be durable; it is closed. */
  switchTo(fd: number, bytes: number): void {
    if (this.fd >= 0) closeSync(this.fd)
    this.generation++
    this.fd = fd
    this.bytes = bytes
    this.isDirty = false
    this.isSyncing = false
    this.log.pendingSyncs = 0
    this.log.keptBytes = this.log.takenBytes
    this.lastSyncMs = this.server.effects.nowMs()
  }

  /** Writes what has been gathered, then nothing more until `goOn`. @returns whether everything is with the kernel */
  wait(): boolean {
    this.isWaiting = true
    return this.write()
  }

  /** While it waits: resolves when the disk has all that was written. @throws the system's error */
  async settle(): Promise<void> {
    while (this.isSyncing) {
      await new Promise<void>((resolve) => {
        this.onIdle = resolve
      })
    }
    this.onIdle = undefined
    const {fd} = this
    if (fd < 0) return
    await new Promise<void>((resolve, reject) => {
      fdatasync(fd, (error) => (error === null ? resolve() : reject(error)))
    })
  }

  goOn(): void {
    this.isWaiting = false
    this.turn()
  }

  /** Something has been gathered. */
  queue(): void {
    if (this.server.config.values.appendfsync === 'always' && this.fd >= 0) this.gate.shut()
    if (this.isQueued) return
    this.isQueued = true
    setImmediate(() => this.turn())
  }

  private turn(): void {
    this.isQueued = false
    if (this.fd < 0 || this.isWaiting) return
    const {appendfsync} = this.server.config.values
    if (appendfsync === 'always') {
      this.commit()
      return
    }
    if (appendfsync === 'everysec' && this.isSyncing && !this.isLate()) return
    this.postponedSinceMs = 0
    this.write()
    this.gate.open()
    if (appendfsync === 'no') this.log.keptBytes = this.log.takenBytes
    this.syncIfDue()
  }

  /** The disk has been at it for so long that the next write cannot wait. */
  private isLate(): boolean {
    const nowMs = this.server.effects.nowMs()
    if (this.postponedSinceMs === 0) this.postponedSinceMs = nowMs
    if (nowMs - this.postponedSinceMs < POSTPONED_MS_MAX) return false
    this.log.delayedSyncs++
    this.server.effects.log(
      'notice',
      'Asynchronous AOF fsync is taking too long (disk is busy?). Writing the AOF buffer without waiting for fsync to complete, this may slow down Redis.',
    )
    return true
  }

  /** Writes, asks the disk, and lets out what it answers for. */
  private commit(): void {
    if (this.isSyncing || !this.write()) return
    if (!this.isDirty) {
      this.gate.open()
      return
    }
    // All that has run until now is in what was written.
    emptyOutbox()
    this.gate.seal()
    this.sync(() => {
      this.gate.letOut()
      this.turn()
    })
  }

  /** @returns whether everything is with the kernel */
  private write(): boolean {
    const {log} = this
    const bytes = log.gathered()
    if (bytes.length === 0) return true
    let at = this.halfWritten
    try {
      while (at < bytes.length) at += writeSync(this.fd, bytes, at)
    } catch (error) {
      this.onWriteError(systemMessage(error), at - this.halfWritten)
      return false
    }
    const written = bytes.length - this.halfWritten
    this.halfWritten = 0
    log.taken()
    this.isDirty = true
    this.bytes += written
    log.currentBytes += written
    log.noteWrite(undefined)
    return true
  }

  private onWriteError(reason: string, written: number): void {
    this.failedMs = this.server.effects.nowMs()
    if (written > 0 && !this.cutBack()) {
      this.halfWritten += written
      this.bytes += written
      this.log.currentBytes += written
    }
    this.log.noteWrite(reason)
    if (this.server.config.values.appendfsync !== 'always') return
    this.onFatal("Can't recover from AOF write error when the AOF fsync policy is 'always'. Exiting...")
  }

  /** Half a command must not stand in the file. */
  private cutBack(): boolean {
    try {
      ftruncateSync(this.fd, this.bytes)
      return true
    } catch {
      return false
    }
  }

  private syncIfDue(): void {
    const {appendOnly, config, effects, saving} = this.server
    const {appendfsync, noAppendfsyncOnRewrite} = config.values
    if (!this.isDirty || this.isSyncing || appendfsync !== 'everysec') return
    if (noAppendfsyncOnRewrite && (appendOnly.isRewriting || saving.isRunning)) return
    if (effects.nowMs() - this.lastSyncMs < SYNC_EVERY_MS) return
    this.sync(() => this.turn())
  }

  private sync(then: () => void): void {
    const {generation} = this
    const {takenBytes} = this.log
    this.isSyncing = true
    this.isDirty = false
    this.log.pendingSyncs = 1
    this.lastSyncMs = this.server.effects.nowMs()
    fdatasync(this.fd, (error) => {
      if (generation !== this.generation) return
      this.isSyncing = false
      this.log.pendingSyncs = 0
      if (error === null) {
        this.log.keptBytes = takenBytes
        if (this.log.gatheredBytes === 0) this.log.noteWrite(undefined)
        then()
      } else this.onSyncError(systemMessage(error))
      this.onIdle?.()
    })
  }

  private onSyncError(reason: string): void {
    if (this.server.config.values.appendfsync === 'always') {
      const text = `Can't persist AOF for fsync error when the AOF fsync policy is 'always': ${reason}. Exiting...`
      this.onFatal(text)
      return
    }
    this.failedMs = this.server.effects.nowMs()
    this.isDirty = true
    this.log.noteWrite(reason)
  }

  /** Every 100 ms: what has waited, or failed. */
  cron(nowMs: number): void {
    if (this.fd < 0 || nowMs - this.failedMs < RETRY_MS) return
    this.turn()
  }

  /** Writes all there is and makes it durable before anything else happens. @returns whether that succeeded */
  flush(): boolean {
    if (this.fd < 0) return true
    if (!this.write()) return false
    try {
      fdatasyncSync(this.fd)
    } catch (error) {
      this.onSyncError(systemMessage(error))
      return false
    }
    this.isDirty = false
    this.log.keptBytes = this.log.takenBytes
    return true
  }

  /** The last of it. What waited at the gate is sent if all is durable. @returns whether it is */
  close(): boolean {
    if (this.fd < 0) return true
    const isDurable = this.flush()
    closeSync(this.fd)
    this.fd = -1
    this.halfWritten = 0
    this.generation++
    this.isWaiting = false
    if (isDurable || !this.gate.isShut) this.letAllOut()
    return isDurable
  }

  private letAllOut(): void {
    this.gate.letOut()
    this.gate.open()
  }
}
