import {createHash} from 'node:crypto'
import {type FileHandle, mkdir, open, readFile, rm} from 'node:fs/promises'
import {join, resolve} from 'node:path'
import {CliError, messageOf} from '../../kernel/errors.js'
import {addTotals, type ImportTotals, TOTALS_NONE} from './page-order.js'
import {CURSOR_FIRST} from './source-reader.js'

/**
 * How far an import is, in a file of JSON lines that is true after a SIGKILL and gone after the import is done. It holds
 * neither keys nor secrets.
 *
 *     STATE/imports/HASH.ndjson
 *
 *     {"type":"import","source":"H:P","runId":...}   once
 *     {"type":"reached","cursor":"123",...}          after pages of keys have arrived
 */

/** What must be the same for an import to go on: the cursor of one server means nothing to another. */
export interface ImportIdentity {
  readonly source: string
  readonly runId: string
  readonly database: number
  readonly move: boolean
  readonly replace: boolean
  /** Ids of the cluster's nodes; a cluster that shares none of them is another one. */
  readonly nodes: readonly string[]
}

export interface Reached {
  readonly cursor: string
  readonly totals: ImportTotals
}

type Line =
  | ({readonly type: 'import'; readonly version: 1; readonly at: string} & ImportIdentity)
  | ({readonly type: 'reached'; readonly at: string} & Reached)

/** Where imports are kept. */
export function importsFolder(stateFolder: string): string {
  return join(resolve(stateFolder), 'imports')
}

export class Checkpoint {
  private tail: Promise<void> = Promise.resolve()
  private next: Reached | undefined

  private constructor(
    private readonly path: string,
    private readonly file: FileHandle,
    /** Where an earlier run of the same import got to; the beginning if there was none. */
    readonly reached: Reached,
  ) {}

  /**
   * @param restart - forget how far an earlier run got
   * @throws {CliError} ENVIRONMENT_LACKS if it cannot be written
   */
  static async open(folder: string, identity: ImportIdentity, restart: boolean): Promise<Checkpoint> {
    const path = pathOf(folder, identity)
    try {
      await mkdir(folder, {mode: 0o700, recursive: true})
      const reached = restart ? undefined : await readReached(folder, identity)
      const file = await open(path, reached ? 'a' : 'w', 0o600)
      const checkpoint = new Checkpoint(path, file, reached ?? {cursor: CURSOR_FIRST, totals: TOTALS_NONE})
      // A SIGKILL may have cut the last line: the next one must not be glued to it.
      if (reached) await file.appendFile('\n')
      else await checkpoint.append({type: 'import', version: 1, at: new Date().toISOString(), ...identity})
      return checkpoint
    } catch (error) {
      throw new CliError(
        'ENVIRONMENT_LACKS',
        `how far the import is cannot be written to ${folder}: ${messageOf(error)}`,
        {
          suggestions: ['Set SHOAL_STATE_DIR to a folder that can be written.'],
        },
      )
    }
  }

  /** Notes how far it is; written as fast as the disk takes it, the newest alone. */
  note(reached: Reached): void {
    const isWaiting = this.next !== undefined
    this.next = reached
    if (isWaiting) return
    this.tail = this.tail.then(async () => {
      const newest = this.next as Reached
      this.next = undefined
      await this.append({type: 'reached', at: new Date().toISOString(), ...newest})
    })
    // A full disk costs nothing but the way back.
    this.tail = this.tail.catch(() => undefined)
  }

  /** Resolves once what was noted so far is on disk. */
  flushed(): Promise<void> {
    return this.tail
  }

  /** Keeps the file, for the next run. */
  async close(): Promise<void> {
    await this.tail
    await this.file.close()
  }

  /** The import is done: there is nothing to go on with. Comes before `close`. */
  async remove(): Promise<void> {
    await this.tail
    await rm(this.path, {force: true})
  }

  private async append(line: Line): Promise<void> {
    await this.file.appendFile(`${JSON.stringify(line)}\n`)
    await this.file.datasync()
  }
}

/** One source may be imported into two clusters at a time; a source that was started anew takes the place of the old. */
function nameOf({database, nodes, source}: ImportIdentity): string {
  const cluster = [...nodes].sort()[0]
  return createHash('sha256')
    .update(JSON.stringify([source, database, cluster]))
    .digest('hex')
    .slice(0, 24)
}

function pathOf(folder: string, identity: ImportIdentity): string {
  return join(folder, `${nameOf(identity)}.ndjson`)
}

/** Where an earlier run of the same import got to. @returns undefined if there is no file, or it is of another import */
export async function readReached(folder: string, identity: ImportIdentity): Promise<Reached | undefined> {
  const text = await readFile(pathOf(folder, identity), 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  const lines = text.split('\n').flatMap((line): Line[] => {
    try {
      return line.trim() === '' ? [] : [JSON.parse(line) as Line]
    } catch {
      return []
    }
  })
  const [header] = lines
  if (header?.type !== 'import' || header.version !== 1) return undefined
  const isSame =
    header.runId === identity.runId &&
    header.move === identity.move &&
    header.replace === identity.replace &&
    header.nodes.some((id) => identity.nodes.includes(id))
  if (!isSame) return undefined
  const last = lines.findLast((line) => line.type === 'reached')
  return last && {cursor: last.cursor, totals: addTotals(TOTALS_NONE, last.totals)}
}
