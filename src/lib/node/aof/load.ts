import {closeSync, existsSync, fsyncSync, ftruncateSync, openSync, readSync, renameSync, statSync} from 'node:fs'
import {filesToLoad, manifestOfSingleFile} from '../../protocol/aof/files.js'
import {AofManifestError} from '../../protocol/aof/manifest.js'
import {
  damagedText,
  openTransactionText,
  repairTexts,
  truncatedText,
  unknownCommandText,
} from '../../protocol/aof/messages.js'
import {AofError, type AofItem, AofReader} from '../../protocol/aof/reader.js'
import {RdbError} from '../../protocol/rdb/reader.js'
import {CommandPlayer, UnknownCommandError} from '../../server/persistence/command-player.js'
import {SnapshotLoader} from '../../server/persistence/snapshot-loader.js'
import type {Server} from '../../server/server.js'
import {pathInDir} from '../config-file.js'
import type {AofFolder} from './folder.js'

/** The files cannot be loaded; the message says which one, where, and what to do. */
export class AofLoadError extends Error {
  override readonly name = 'AofLoadError'
}

/** Read and carried out between two turns of the loop. */
const CHUNK_BYTES = 64 * 1024
const RDB_MAGIC = 'REDIS'

/** Reads the manifest; one file of before version 7 becomes the base of a manifest of its own. @throws AofManifestError; the system's error */
export async function readManifest(server: Server, folder: AofFolder): Promise<void> {
  try {
    folder.read()
  } catch (error) {
    if (error instanceof AofManifestError) {
      for (const line of error.log.slice(0, -1)) server.effects.log('warning', line)
    }
    throw error
  }
  const {config} = server
  const {fileName, manifest} = folder
  const single = pathInDir(config, fileName)
  if (!existsSync(single)) return
  const {base, history, incremental} = manifest
  // A crash between the two steps below left it so.
  const isHalfDone =
    base?.name === fileName && history.length + incremental.length === 0 && !existsSync(folder.pathOf(fileName))
  if (folder.hasManifest && !isHalfDone) return
  await folder.make()
  await folder.replaceManifest(manifestOfSingleFile(fileName))
  renameSync(single, folder.pathOf(fileName))
  await folder.sync()
  const text = `Successfully migrated an old-style AOF configuration (${fileName}) into the AOF directory`
  server.effects.log('notice', `${text} (${config.values.appenddirname}).`)
}

/**
 * Puts the data of the files that the manifest names in the place of those there are, a chunk between two steps.
 *
 * @throws {@link AofLoadError}; the system's error
 */
export function* loadFiles(server: Server, folder: AofFolder): Generator<void, void> {
  const files = filesToLoad(folder.manifest)
  for (const db of server.databases) db.flush()
  const {followed} = server.migrations
  followed.adopt(undefined)
  followed.isOfFile = true
  try {
    for (const file of files) {
      const startedMs = performance.now()
      const loading = new FileLoading(server, folder.pathOf(file.name), file.name, file === files.at(-1))
      yield* loading.run()
      const kind = file === folder.manifest.base ? 'base' : 'incr'
      const seconds = ((performance.now() - startedMs) / 1000).toFixed(3)
      server.effects.log('notice', `DB loaded from ${kind} file ${file.name}: ${seconds} seconds`)
    }
  } finally {
    followed.isOfFile = false
  }
}

class FileLoading {
  private readonly fd: number
  private readonly chunk = Buffer.allocUnsafe(CHUNK_BYTES)
  private readonly player: CommandPlayer

  constructor(
    private readonly server: Server,
    path: string,
    private readonly name: string,
    private readonly isLast: boolean,
  ) {
    this.fd = openSync(path, 'r+')
    this.player = new CommandPlayer(server)
  }

  *run(): Generator<void, void> {
    try {
      const first = this.read()
      if (first.toString('latin1', 0, RDB_MAGIC.length) === RDB_MAGIC) yield* this.loadSnapshot(first)
      else yield* this.loadCommands(0, first)
    } catch (error) {
      throw this.explained(error)
    } finally {
      closeSync(this.fd)
    }
  }

  /** @returns what comes next, good until the next call; nothing at the end */
  private read(): Buffer {
    const length = readSync(this.fd, this.chunk)
    this.server.loadedBytes += length
    return this.chunk.subarray(0, length)
  }

  private *loadSnapshot(first: Buffer): Generator<void, void> {
    const {server} = this
    server.effects.log('notice', 'Reading RDB base file on AOF loading...')
    const loader = new SnapshotLoader(server)
    for (let chunk = first; chunk.length > 0 && !loader.isWhole; chunk = this.read()) {
      loader.push(chunk)
      yield
      // What follows the end was read along with it.
      if (loader.isWhole) break
    }
    loader.finish()
    server.loadedKeys = {expired: loader.expiredKeys, loaded: loader.keys}
    server.effects.log('notice', `Done loading RDB, keys loaded: ${loader.keys}, keys expired: 0.`)
    yield* this.loadCommands(loader.offset, Buffer.from(loader.rest()))
  }

  private *loadCommands(start: number, first: Buffer): Generator<void, void> {
    const {player} = this
    const reader = new AofReader(start)
    for (let chunk = first; ; chunk = this.read()) {
      reader.push(chunk)
      player.begin()
      for (let item = reader.next(); item !== undefined; item = reader.next()) {
        play(player, item)
        // A script that takes long goes on between turns of the loop.
        while (player.isBusy) yield
      }
      player.end()
      if (chunk.length === 0 && chunk !== first) break
      yield
    }
    this.finish(reader)
  }

  /** A command that is not whole was being written when the node ended. @throws AofLoadError */
  private finish(reader: AofReader): void {
    const {name, server} = this
    const end = reader.end()
    if (end === 'whole') return
    if (end === 'in-transaction') server.effects.log('warning', openTransactionText(name))
    if (!server.config.values.aofLoadTruncated) throw new AofLoadError(truncatedText(name))
    if (!this.isLast) {
      throw new AofLoadError(
        `${damagedText(name)} (cut short at offset ${reader.wholeBytes}, and other files follow: ` +
          'Fatal error: the truncated file is not the last file)',
      )
    }
    for (const text of repairTexts(name, reader.wholeBytes)) server.effects.log('warning', text)
    ftruncateSync(this.fd, reader.wholeBytes)
    fsyncSync(this.fd)
  }

  private explained(error: unknown): unknown {
    const {name} = this
    if (error instanceof AofError) return new AofLoadError(`${damagedText(name)} (${error.message})`)
    if (error instanceof UnknownCommandError) return new AofLoadError(unknownCommandText(name, error.command))
    if (error instanceof RdbError) {
      return new AofLoadError(
        `Error reading the RDB preamble of the AOF file ${name}, AOF loading aborted: ${error.message}`,
      )
    }
    return error
  }
}

function play(player: CommandPlayer, item: AofItem): void {
  if (item.kind === 'command') player.play(item.argv)
  else if (item.kind === 'transaction') for (const argv of item.commands) player.play(argv)
}

/** Bytes of all files to be loaded. @throws AofLoadError if one is missing */
export function bytesToLoad(folder: AofFolder): number {
  let total = 0
  for (const {name} of filesToLoad(folder.manifest)) {
    const path = folder.pathOf(name)
    if (!existsSync(path)) throw new AofLoadError(`The AOF file ${name} that the manifest names doesn't exist`)
    total += statSync(path).size
  }
  return total
}
