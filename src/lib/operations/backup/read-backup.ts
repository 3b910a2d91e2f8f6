import {createHash} from 'node:crypto'
import {open, readFile} from 'node:fs/promises'
import {join} from 'node:path'
import {throwIfAborted} from '../../client/abort.js'
import {CliError, messageOf} from '../../kernel/errors.js'
import {MANIFEST_FILE, type Manifest, parseManifest} from '../../plan/backup/manifest.js'
import {RdbError} from '../../protocol/rdb/reader.js'
import {type RdbItem, RdbWalker} from '../../protocol/rdb/walker.js'

/** Bytes read at a time; a value that is longer is held whole. */
const CHUNK_BYTES = 256 * 1024

/**
 * @throws {CliError} NOT_FOUND if there is no folder or no manifest in it; PREFLIGHT_FAILED if it cannot be used
 */
export async function readManifest(folder: string): Promise<Manifest> {
  let text: string
  try {
    text = await readFile(join(folder, MANIFEST_FILE), 'utf8')
  } catch (error) {
    if ((error as {code?: string}).code === 'ENOENT') {
      throw new CliError('NOT_FOUND', `${folder} holds no backup: it has no ${MANIFEST_FILE}`, {
        details: {folder},
        suggestions: ['A backup that was cut short has none; take it again into another folder.'],
      })
    }
    throw new CliError('PREFLIGHT_FAILED', `${MANIFEST_FILE} cannot be read: ${messageOf(error)}`, {cause: error})
  }
  return parseManifest(text)
}

export interface ReadOptions {
  /** Give payloads of keys; else no more than a chunk is held. */
  readonly keepValues: boolean
  readonly signal: AbortSignal
  /** Told after each chunk how many bytes have been read. */
  readonly onBytes?: ((bytes: number) => void) | undefined
  readonly hash?: ReturnType<typeof createHash>
}

/**
 * Walks an RDB file.
 *
 * @returns the items of one chunk at a time
 * @throws {RdbError} if it is none, or ends early; the file system's own errors; {CliError} INTERRUPTED
 */
export async function* readRdb(
  path: string,
  {hash, keepValues, onBytes, signal}: ReadOptions,
): AsyncGenerator<readonly RdbItem[]> {
  const walker = new RdbWalker({keepValues})
  const file = await open(path, 'r')
  try {
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES)
    let bytes = 0
    for (;;) {
      throwIfAborted(signal)
      const {bytesRead} = await file.read(buffer, 0, CHUNK_BYTES)
      if (bytesRead === 0) break
      const chunk = buffer.subarray(0, bytesRead)
      bytes += bytesRead
      hash?.update(chunk)
      walker.push(chunk)
      const items: RdbItem[] = []
      for (let item = walker.next(); item; item = walker.next()) items.push(item)
      onBytes?.(bytes)
      if (items.length > 0) yield items
    }
    walker.requireEnd()
  } finally {
    await file.close()
  }
}

/** A whole small file and its checksum. */
export async function readWhole(path: string): Promise<{readonly content: Buffer; readonly sha256: string}> {
  const content = await readFile(path)
  return {content, sha256: createHash('sha256').update(content).digest('hex')}
}

/** What is wrong with a file that cannot be read, in words; other errors are bugs. */
export function readProblem(error: unknown): string {
  const code = (error as {code?: unknown}).code
  if (code === 'ENOENT') return 'is missing'
  if (error instanceof RdbError) return `is damaged: ${error.message}`
  if (typeof code === 'string' && !(error instanceof CliError)) return `cannot be read: ${messageOf(error)}`
  throw error
}
