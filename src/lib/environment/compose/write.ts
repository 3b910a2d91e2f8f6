import {chmod, mkdir, readFile, rename, rm, writeFile} from 'node:fs/promises'
import {join, resolve} from 'node:path'
import {CliError, messageOf} from '../../kernel/errors.js'
import type {ProjectFile} from './project.js'

export interface WrittenFile {
  readonly name: string
  /** `unchanged`: it was there already, with this content. */
  readonly change: 'created' | 'overwritten' | 'unchanged'
}

/**
 * Writes the files of a project into a folder, which is made if it is missing. Whose secret is in it, is nobody else's to
 * read at any moment.
 *
 * @param force - overwrites files with other content; without, that is refused before anything is written
 * @throws {CliError} PREFLIGHT_FAILED naming the files in the way, ENVIRONMENT_LACKS if the folder cannot be written
 */
export async function writeProject(
  folder: string,
  files: readonly ProjectFile[],
  force: boolean,
): Promise<WrittenFile[]> {
  const planned = await Promise.all(
    files.map(async (file) => ({change: await changeOf(join(folder, file.name), file.text), file})),
  )
  const inTheWay = planned.filter(({change}) => change === 'overwritten').map(({file}) => file.name)
  if (inTheWay.length > 0 && !force) {
    throw new CliError('PREFLIGHT_FAILED', `${resolve(folder)} has files with other content: ${inTheWay.join(', ')}`, {
      details: {files: inTheWay, folder: resolve(folder)},
      suggestions: ['Overwrite them with --force, or choose another folder with --output DIR.'],
    })
  }
  try {
    await mkdir(folder, {recursive: true})
    for (const {change, file} of planned) {
      const path = join(folder, file.name)
      if (change === 'unchanged') await chmod(path, file.mode)
      else await writeAside(path, file)
    }
  } catch (error) {
    throw unusable(folder, error)
  }
  return planned.map(({change, file}) => ({change, name: file.name}))
}

async function changeOf(path: string, text: string): Promise<WrittenFile['change']> {
  try {
    return (await readFile(path, 'utf8')) === text ? 'unchanged' : 'overwritten'
  } catch (error) {
    const {code} = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return 'created'
    throw unusable(path, error)
  }
}

/** Renamed into place, so that no reader sees half of it, and an open mode of the old file does not stay. */
async function writeAside(path: string, {mode, text}: ProjectFile): Promise<void> {
  const draft = `${path}.${process.pid}.tmp`
  try {
    await writeFile(draft, text, {mode})
    await chmod(draft, mode)
    await rename(draft, path)
  } catch (error) {
    await rm(draft, {force: true})
    throw error
  }
}

function unusable(path: string, error: unknown): CliError {
  return new CliError('ENVIRONMENT_LACKS', `${resolve(path)} cannot be used: ${messageOf(error)}`, {cause: error})
}
