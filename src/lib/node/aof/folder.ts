import {existsSync, readFileSync} from 'node:fs'
import {mkdir, open, readdir, rename, rm, stat} from 'node:fs/promises'
import {join} from 'node:path'
import {
  filesToLoad,
  manifestName,
  orphansAmong,
  temporaryManifestName,
  withoutHistory,
} from '../../protocol/aof/files.js'
import {type AofManifest, NO_FILES, parseManifest, renderManifest} from '../../protocol/aof/manifest.js'
import type {Config} from '../../server/config/config.js'
import {pathInDir} from '../config-file.js'
import {syncFolder} from '../snapshot-file.js'

/** The folder of an append-only file: its manifest, which is replaced whole or not at all, and the files it names. */
export class AofFolder {
  manifest: AofManifest = NO_FILES
  /** The configuration's `appendfilename`, which all names start with. */
  readonly fileName: string

  constructor(private readonly config: Config) {
    this.fileName = config.values.appendfilename
  }

  /** `dir` may change at run time, the files stay where they are in it. */
  private get path(): string {
    return pathInDir(this.config, this.config.values.appenddirname)
  }

  pathOf(name: string): string {
    return join(this.path, name)
  }

  get hasManifest(): boolean {
    return existsSync(this.pathOf(manifestName(this.fileName)))
  }

  /** @throws AofManifestError; the system's error */
  read(): void {
    this.manifest = this.hasManifest
      ? parseManifest(readFileSync(this.pathOf(manifestName(this.fileName)), 'latin1'))
      : NO_FILES
  }

  async make(): Promise<void> {
    await mkdir(this.path, {recursive: true})
  }

  /** From now on the files are these, whatever happens. @throws the system's error: then they are what they were */
  async replaceManifest(manifest: AofManifest): Promise<void> {
    const temporary = this.pathOf(temporaryManifestName(this.fileName))
    const file = await open(temporary, 'w', 0o644)
    try {
      await file.writeFile(renderManifest(manifest), 'latin1')
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, this.pathOf(manifestName(this.fileName)))
    await this.sync()
    this.manifest = manifest
  }

  /** What was renamed in the folder is durable. */
  async sync(): Promise<void> {
    await syncFolder(this.path)
  }

  /** Deletes what nobody needs any more, unless the configuration says to keep it. Failing is no harm: it is tried again. */
  async deleteHistory(): Promise<void> {
    const {history} = this.manifest
    if (history.length === 0 || this.config.values.aofDisableAutoGc) return
    for (const {name} of history) await rm(this.pathOf(name), {force: true})
    await this.replaceManifest(withoutHistory(this.manifest))
  }

  /** Files that a crash left behind before they had a name. */
  async deleteTemporary(): Promise<void> {
    const names = await readdir(this.path)
    for (const name of orphansAmong(names, this.manifest, this.fileName)) {
      if (name.startsWith('temp-')) await rm(this.pathOf(name), {force: true})
    }
  }

  /** Bytes of all files to be loaded. @throws the system's error if one is missing */
  async totalBytes(): Promise<number> {
    let total = 0
    for (const {name} of filesToLoad(this.manifest)) total += (await stat(this.pathOf(name))).size
    return total
  }

  async baseBytes(): Promise<number> {
    const {base} = this.manifest
    return base === undefined ? 0 : (await stat(this.pathOf(base.name))).size
  }
}
