import {closeSync, constants, openSync} from 'node:fs'
import {rename, rm, stat} from 'node:fs/promises'
import {temporaryIncrementalName, withBase, withIncremental} from '../../protocol/aof/files.js'
import {isBaseSnapshot, openBase} from '../../server/persistence/append-only-base.js'
import type {KeyspaceSource} from '../../server/persistence/keyspace-source.js'
import type {Server} from '../../server/server.js'
import {writeDurably} from '../snapshot-file.js'
import type {AofFolder} from './folder.js'
import type {AofWriter} from './writer.js'

/** Nobody wants the result any more. */
class Cancelled extends Error {}

/**
 * One rewrite (wire.md 4). The data of one moment become the new base; what comes after that moment goes to a file of its
 * own from the start, so that the old files and that one hold everything until the new base takes the place of the old files.
 *
 *     the moment -> next file, in the manifest -> base under another name -> its name -> in the manifest -> old files deleted
 *
 * While nothing is appended yet (CONFIG SET appendonly yes), the next file waits outside of the manifest for its base. A crash
 * at any point leaves a manifest that names everything that is needed, and files that it does not name.
 */
export class AofRewrite {
  private isCancelled = false
  private source: KeyspaceSource | undefined

  constructor(
    private readonly server: Server,
    private readonly folder: AofFolder,
    private readonly writer: AofWriter,
    /** Of this one among all rewrites of the process. */
    private readonly number: number,
  ) {}

  /** It ends soon, leaving everything as it was. Once the new base has its name it is too late: then it is carried out. */
  cancel(): void {
    this.isCancelled = true
  }

  /** @returns whether it was carried out @throws the system's error: nothing has changed but the file that is appended to */
  async run(): Promise<boolean> {
    try {
      await this.carryOut()
      return true
    } catch (error) {
      if (error instanceof Cancelled) return false
      throw error
    } finally {
      this.source?.close()
      this.letWriterGoOn()
    }
  }

  private isHolding = false

  private letWriterGoOn(): void {
    if (!this.isHolding) return
    this.isHolding = false
    this.writer.goOn()
  }

  private async carryOut(): Promise<void> {
    const {folder, server} = this
    await folder.make()
    // Half of what a script does must not be in the base when all of it goes to the next file.
    while (server.state.propagation.isInUnit) {
      this.requireWanted()
      await new Promise((resolve) => setImmediate(resolve))
    }
    const {state} = server.appendOnly
    const base = isBaseSnapshot(server) ? 'rdb' : 'aof'
    this.beginPart()
    if (state === 'on') await this.appendToNextFile()
    else if (state === 'waiting') this.appendToTemporaryFile()
    this.letWriterGoOn()

    const temporary = folder.pathOf(`temp-rewriteaof-bg-${process.pid}${this.number}.aof`)
    try {
      await writeDurably(temporary, {next: () => this.nextOfBase()})
      this.requireWanted()
      // From here on it is carried out: half of it would be worse than either.
      const next = withBase(folder.manifest, folder.fileName, base, state === 'on' ? 1 : 0)
      await rename(temporary, folder.pathOf(next.base!.name))
      const manifest = state === 'waiting' ? await this.withTemporaryFile(next) : next
      await folder.sync()
      await folder.replaceManifest(manifest)
    } catch (error) {
      await rm(temporary, {force: true}).catch(() => undefined)
      throw error
    }
    await folder.deleteHistory().catch(() => undefined)
  }

  /** All that has been gathered belongs to the file that was; the data as they are now, to the base. */
  private beginPart(): void {
    this.requireWanted()
    const {server, writer} = this
    if (server.appendOnly.state === 'on') {
      this.isHolding = true
      if (!writer.wait()) throw new Error(server.appendOnly.writeError ?? 'the file cannot be written')
    }
    this.source = openBase(server)
    server.appendOnly.beginPart()
  }

  /** What is gathered meanwhile waits; it is written once nothing that it builds on can get lost. */
  private async appendToNextFile(): Promise<void> {
    const {folder, writer} = this
    const next = withIncremental(folder.manifest, folder.fileName)
    const {name} = next.incremental.at(-1)!
    this.server.effects.log('notice', `Creating AOF incr file ${name} on background rewrite`)
    const fd = openEmpty(folder.pathOf(name))
    try {
      await writer.settle()
      this.requireWanted()
      await folder.replaceManifest(next)
      this.requireWanted()
    } catch (error) {
      closeSync(fd)
      throw error
    }
    writer.switchTo(fd, 0)
  }

  private appendToTemporaryFile(): void {
    const {folder, server, writer} = this
    const name = temporaryIncrementalName(folder.fileName)
    server.effects.log('notice', `Creating AOF incr file ${name} on background rewrite`)
    writer.switchTo(openEmpty(folder.pathOf(name)), 0)
  }

  /** The file that waited for its base gets its name. */
  private async withTemporaryFile(manifest: AofFolder['manifest']): Promise<AofFolder['manifest']> {
    const {folder} = this
    const next = withIncremental({...manifest, incremental: folder.manifest.incremental}, folder.fileName)
    const file = next.incremental.at(-1)!
    await rename(folder.pathOf(temporaryIncrementalName(folder.fileName)), folder.pathOf(file.name))
    return {...manifest, incremental: [file]}
  }

  private nextOfBase(): Uint8Array | undefined {
    this.requireWanted()
    return this.source!.next()
  }

  private requireWanted(): void {
    if (this.isCancelled) throw new Cancelled()
  }

  /** Bytes of the base that it made. */
  async baseBytes(): Promise<number> {
    return (await stat(this.folder.pathOf(this.folder.manifest.base!.name))).size
  }
}

function openEmpty(path: string): number {
  const {O_APPEND, O_CREAT, O_TRUNC, O_WRONLY} = constants
  return openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_TRUNC, 0o644)
}
