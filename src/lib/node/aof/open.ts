import {openSync, statSync} from 'node:fs'
import {filesToLoad, withBase, withIncremental} from '../../protocol/aof/files.js'
import {isBaseSnapshot, openBase} from '../../server/persistence/append-only-base.js'
import type {Server} from '../../server/server.js'
import {writeDurably} from '../snapshot-file.js'
import type {AofFolder} from './folder.js'
import type {AofWriter} from './writer.js'

/** Goes on writing where the files end that were loaded; makes them if there are none. @throws the system's error */
export async function openAtStart(server: Server, folder: AofFolder, writer: AofWriter): Promise<void> {
  await folder.make()
  let {manifest} = folder
  const {fileName} = folder
  if (filesToLoad(manifest).length === 0) {
    manifest = withBase(manifest, fileName, isBaseSnapshot(server) ? 'rdb' : 'aof', 0)
    const {name} = manifest.base!
    await writeDurably(folder.pathOf(name), openBase(server))
    server.effects.log('notice', `Creating AOF base file ${name} on server start`)
  }
  const isNew = manifest.incremental.length === 0
  if (isNew) manifest = withIncremental(manifest, fileName)
  const {name} = manifest.incremental.at(-1)!
  const path = folder.pathOf(name)
  const fd = openSync(path, 'a', 0o644)
  await folder.replaceManifest(manifest)
  server.effects.log('notice', `${isNew ? 'Creating' : 'Opening'} AOF incr file ${name} on server start`)
  await folder.deleteTemporary()
  await folder.deleteHistory()
  writer.switchTo(fd, statSync(path).size)
  server.appendOnly.begin(await folder.totalBytes(), await folder.baseBytes())
}
