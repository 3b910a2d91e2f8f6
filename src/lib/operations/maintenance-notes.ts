import {mkdir, open, readdir, readFile, rename, rm} from 'node:fs/promises'
import {join, resolve} from 'node:path'
import {CliError, messageOf} from '../kernel/errors.js'
import {renderAddress, tryParseAddress} from '../model/address.js'
import type {ClusterView} from '../model/cluster-view.js'
import {isNodeId} from '../model/node-id.js'
import {idOfNamed} from '../plan/find-node.js'
import type {MaintenanceNote} from '../plan/maintenance.js'

/**
 * What nodes in maintenance served before: one file per node, whose id no two clusters share. Written and synced before
 * anything is changed, removed once all is back.
 *
 *     STATE/maintenance/NODE-ID.json
 */
export class MaintenanceNotes {
  readonly folder: string

  constructor(stateFolder: string) {
    this.folder = join(resolve(stateFolder), 'maintenance')
  }

  /** @returns the notes of this machine, in order of their ids; what is none is left out */
  async all(): Promise<MaintenanceNote[]> {
    const names = await readdir(this.folder).catch(() => [] as string[])
    const notes = await Promise.all(
      names
        .filter((name) => name.endsWith('.json'))
        .sort()
        .map(async (name) => parseNote(await readFile(join(this.folder, name), 'utf8').catch(() => ''))),
    )
    return notes.flatMap((note) => note ?? [])
  }

  /** @param name - id of a node, or the address it was called by then; of those that were there in turn, the last noted */
  async find(name: string): Promise<MaintenanceNote | undefined> {
    const text = name.trim()
    const place = tryParseAddress(text)
    const wanted = place ? renderAddress(place) : text.toLowerCase()
    const found = (await this.all()).filter(({address, node}) => address === wanted || node === wanted)
    return found.sort((a, b) => (a.at < b.at ? 1 : -1))[0]
  }

  /** @param name - any address of a node of the cluster: it may have been called by another when the note was written */
  async findIn(view: ClusterView, name: string): Promise<MaintenanceNote | undefined> {
    const id = idOfNamed(view, name)
    return id === undefined ? undefined : this.find(id)
  }

  /** On disk when it resolves. @throws {CliError} ENVIRONMENT_LACKS */
  async write(note: MaintenanceNote): Promise<void> {
    const path = join(this.folder, `${note.node}.json`)
    const draft = `${path}.${process.pid}.tmp`
    try {
      await mkdir(this.folder, {mode: 0o700, recursive: true})
      const file = await open(draft, 'w', 0o600)
      try {
        await file.writeFile(`${JSON.stringify(note, null, 2)}\n`)
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(draft, path)
      const folder = await open(this.folder, 'r')
      await folder.sync().finally(() => folder.close())
    } catch (error) {
      throw new CliError('ENVIRONMENT_LACKS', `${path} cannot be written: ${messageOf(error)}`, {
        cause: error,
        suggestions: ['Set SHOAL_STATE_DIR to a folder that can be written.'],
      })
    }
  }

  async remove({node}: MaintenanceNote): Promise<void> {
    await rm(join(this.folder, `${node}.json`), {force: true})
  }
}

function parseNote(text: string): MaintenanceNote | undefined {
  try {
    const note = JSON.parse(text) as Partial<MaintenanceNote> | null
    const isNote =
      note?.version === 1 &&
      typeof note.node === 'string' &&
      isNodeId(note.node) &&
      typeof note.address === 'string' &&
      typeof note.slots === 'string' &&
      Array.isArray(note.members)
    return isNote ? (note as MaintenanceNote) : undefined
  } catch {
    return undefined
  }
}
