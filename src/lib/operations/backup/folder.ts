import {createHash} from 'node:crypto'
import {chmod, mkdir, open, readdir, rename, rm, rmdir} from 'node:fs/promises'
import {dirname, join} from 'node:path'
import {CliError, messageOf} from '../../kernel/errors.js'
import type {BackupFile} from '../../plan/backup/manifest.js'
import {onDisk} from './shard-file.js'

/** A folder that a backup is written to. What is put there is readable by its owner alone. */
export class BackupFolder {
  private readonly files: string[] = []

  private constructor(
    readonly path: string,
    /** Folders that were not there before, the outermost first. */
    private readonly made: readonly string[],
  ) {}

  /**
   * @throws {CliError} PREFLIGHT_FAILED if there is something in it already; ENVIRONMENT_LACKS if it cannot be made
   */
  static async open(path: string): Promise<BackupFolder> {
    const made = await onDisk(makeFolders(path), path)
    let names: string[]
    try {
      names = await readdir(path)
    } catch (error) {
      throw new CliError('ENVIRONMENT_LACKS', `${path} cannot be read: ${messageOf(error)}`, {cause: error})
    }
    if (names.length > 0) {
      throw new CliError('PREFLIGHT_FAILED', `${path} is not empty`, {
        details: {path, files: names.slice(0, 10)},
        suggestions: [
          'Name a folder that is new or empty. One without manifest.json is of a backup that was cut short.',
        ],
      })
    }
    // An umask may have taken more away, but a mode given by others is no concern of ours.
    if (made.length > 0) await chmod(path, 0o700).catch(() => undefined)
    return new BackupFolder(path, made)
  }

  /** A file that others write into the folder: it goes if the backup does. */
  expect(file: string): void {
    this.files.push(file)
  }

  /** Writes a small file, whole or not at all. */
  async write(file: string, content: Uint8Array): Promise<BackupFile> {
    this.expect(file)
    const path = join(this.path, file)
    const partial = `${path}.partial`
    const handle = await onDisk(open(partial, 'w', 0o600), partial)
    try {
      await onDisk(handle.writeFile(content), partial)
      await onDisk(handle.sync(), partial)
    } finally {
      await handle.close()
    }
    await onDisk(rename(partial, path), path)
    return {file, bytes: content.length, sha256: createHash('sha256').update(content).digest('hex')}
  }

  /** Makes the names last as well as the bytes. */
  async sync(): Promise<void> {
    try {
      const handle = await open(this.path, 'r')
      await handle.sync().finally(() => handle.close())
    } catch {
      // Not every file system knows how.
    }
  }

  /** Takes away what was written, and the folders that were not there before. */
  async discard(): Promise<void> {
    for (const file of this.files) {
      for (const name of [file, `${file}.partial`])
        await rm(join(this.path, name), {force: true}).catch(() => undefined)
    }
    for (const path of this.made.toReversed()) await rmdir(path).catch(() => undefined)
  }
}

/**
 * Makes a folder and those above it. Not by mkdir's own `recursive`: where a parent answers ENOENT whatever is tried, as
 * below /proc, that never returns.
 *
 * @returns those that were not there, the outermost first
 */
async function makeFolders(path: string): Promise<string[]> {
  try {
    return await makeFolder(path)
  } catch (error) {
    if ((error as {code?: string}).code !== 'ENOENT' || dirname(path) === path) throw error
    return [...(await makeFolders(dirname(path))), ...(await makeFolder(path))]
  }
}

/** @returns nothing if something of that name is there */
async function makeFolder(path: string): Promise<string[]> {
  try {
    await mkdir(path, {mode: 0o700})
    return [path]
  } catch (error) {
    if ((error as {code?: string}).code === 'EEXIST') return []
    throw error
  }
}
