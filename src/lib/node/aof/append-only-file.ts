import {messageOf} from '../../kernel/errors.js'
import type {Server} from '../../server/server.js'
import {systemMessage} from '../config-file.js'
import type {OutputGate} from '../output-gate.js'
import {AofFolder} from './folder.js'
import {bytesToLoad, loadFiles, readManifest} from './load.js'
import {openAtStart} from './open.js'
import {AofRewrite} from './rewrite.js'
import {AofWriter} from './writer.js'

let rewriteCount = 0

/** The append-only file of one node: its files, who writes them, and the rewrite under way. Loaded when it is first needed. */
export class AppendOnlyFile {
  private readonly folder: AofFolder
  private readonly writer: AofWriter
  private rewriting: AofRewrite | undefined
  /** Changes of the files, one after the other. */
  private changes: Promise<void> = Promise.resolve()

  constructor(
    private readonly server: Server,
    gate: OutputGate,
    onFatal: (reason: string) => void,
  ) {
    this.folder = new AofFolder(server.config)
    this.writer = new AofWriter(server, gate, onFatal)
  }

  /** Looks for files. @returns bytes to be loaded @throws AofManifestError, AofLoadError; the system's error */
  async find(): Promise<number> {
    await readManifest(this.server, this.folder)
    return bytesToLoad(this.folder)
  }

  /**
   * Loads them, others having their turn meanwhile.
   *
   * @throws AofLoadError; the system's error: this node must not go on as if it had no data
   */
  async load(): Promise<void> {
    const startedMs = performance.now()
    for (const _ of loadFiles(this.server, this.folder)) await new Promise((resolve) => setImmediate(resolve))
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(3)
    this.server.effects.log('notice', `DB loaded from append only file: ${seconds} seconds`)
  }

  /** Goes on where the files end; makes them if there are none. @throws the system's error */
  async open(): Promise<void> {
    await openAtStart(this.server, this.folder, this.writer)
  }

  appendSoon(): void {
    this.writer.queue()
  }

  rewrite(): void {
    const one = new AofRewrite(this.server, this.folder, this.writer, ++rewriteCount)
    this.rewriting = one
    this.changes = this.changes.then(() => this.runRewrite(one))
  }

  private async runRewrite(one: AofRewrite): Promise<void> {
    let failure: string | undefined
    let bytes = 0
    try {
      if (await one.run()) bytes = (await one.baseBytes()) + this.writer.fileBytes
    } catch (error) {
      failure = systemMessage(error)
    }
    // Whoever cancelled it is not told of its end.
    if (this.rewriting !== one) return
    this.rewriting = undefined
    if (failure !== undefined && this.server.appendOnly.state === 'waiting') this.writer.close()
    this.server.appendOnly.finishRewrite(bytes, failure)
  }

  /** Writes everything and makes it durable. @returns whether that succeeded */
  flush(): boolean {
    return this.writer.flush()
  }

  /** Writes everything, makes it durable, and closes. @returns whether that succeeded */
  stop(): boolean {
    this.rewriting?.cancel()
    this.rewriting = undefined
    return this.writer.close()
  }

  /** Loads them anew, without letting anybody else have a turn. @returns why that failed */
  reload(): string | undefined {
    if (!this.writer.flush()) return 'the file cannot be written'
    try {
      for (const _ of loadFiles(this.server, this.folder));
      return undefined
    } catch (error) {
      return messageOf(error)
    }
  }

  cron(nowMs: number): void {
    this.writer.cron(nowMs)
  }

  /** Resolves when no file is touched any more. */
  get settled(): Promise<void> {
    return this.changes
  }
}
