import {
  closeSync,
  fchmodSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import {dirname, isAbsolute, join, resolve} from 'node:path'
import {messageOf} from '../kernel/errors.js'
import {Config} from '../server/config/config.js'
import {globMatch} from '../server/config/glob.js'
import {FatalConfigError, loadConfig} from '../server/config/load.js'
import type {ServerArguments} from '../server/config/syntax.js'
import {fsyncFolder} from './fsync-folder.js'

/** The disk side of redis.conf. Texts are latin1: one byte per character, so that any byte survives a rewrite. */

const WILDCARD = /[*?[]/

/** A path as Node takes it: names of files are UTF-8. @param text - latin1, as configurations are */
function pathOf(text: string): string {
  return Buffer.from(text, 'latin1').toString('utf8')
}

function textOf(path: string): string {
  return Buffer.from(path, 'utf8').toString('latin1')
}

/** The files a pattern names, sorted; wildcards may stand in any part of the path. */
function expandPattern(pattern: string): string[] {
  let found = [isAbsolute(pattern) ? '/' : '']
  for (const part of pattern.split('/').filter((one) => one !== '')) {
    found = found.flatMap((base) => {
      if (!WILDCARD.test(part)) return [join(base, part)]
      return entriesOf(base)
        .filter((name) => (part.startsWith('.') || !name.startsWith('.')) && globMatch(part, name))
        .map((name) => join(base, name))
    })
  }
  return found
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder === '' ? '.' : folder).sort()
  } catch {
    return []
  }
}

/** Messages of the system as C libraries print them; Node's carry code, call and path. */
export function systemMessage(error: unknown): string {
  const code = (error as NodeJS.ErrnoException | undefined)?.code ?? ''
  return SYSTEM_MESSAGES[code] ?? (error instanceof Error ? error.message : String(error))
}

const SYSTEM_MESSAGES: Readonly<Record<string, string>> = {
  EACCES: 'Permission denied',
  EISDIR: 'Is a directory',
  EMFILE: 'Too many open files',
  ENOENT: 'No such file or directory',
  ENOSPC: 'No space left on device',
  ENOTDIR: 'Not a directory',
  EROFS: 'Read-only file system',
}

/** @throws Error with the system's message */
export function readText(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch (error) {
    throw new Error(systemMessage(error))
  }
}

function readConfigText(path: string): string {
  try {
    return readText(path)
  } catch (error) {
    throw new FatalConfigError(`Fatal error, can't open config file '${path}': ${messageOf(error)}`)
  }
}

/** A pattern may match nothing; a plain name must exist. */
function readInclude(text: string): string[] {
  const pattern = pathOf(text)
  if (!WILDCARD.test(pattern)) return [readConfigText(pattern)]
  return expandPattern(pattern).map(readConfigText)
}

function requireFolder(folder: string): void {
  try {
    if (statSync(folder).isDirectory()) return
  } catch (error) {
    throw new FatalConfigError(`Fatal error, can't use '${folder}' as dir: ${systemMessage(error)}`)
  }
  throw new FatalConfigError(`Fatal error, can't use '${folder}' as dir: Not a directory`)
}

/**
 * The configuration a node starts with: file, then standard input, then `--name value` arguments.
 *
 * `values.dir` becomes absolute, and stays a text; the process itself stays where it is, because several nodes may share it.
 * @param stdin - what came on standard input, if the arguments asked for it
 * @throws {@link FatalConfigError} the whole message for the operator
 */
export function readConfiguration(given: ServerArguments, stdin = ''): Config {
  const config = new Config()
  let text = ''
  if (given.configFile !== undefined) {
    config.fileName = resolve(given.configFile)
    text = readConfigText(config.fileName)
  }
  if (given.readsStdin) text = text === '' || text.endsWith('\n') ? text + stdin : `${text}\n${stdin}`
  if (given.options !== '') text += `\n${textOf(given.options)}`
  loadConfig(config, text, readInclude)
  const folder = resolve(pathOf(config.values.dir))
  requireFolder(folder)
  config.values.dir = textOf(folder)
  keepFolderUsable(config)
  return config
}

/** CONFIG SET dir: absolute from then on, and refused if there is no such folder. */
function keepFolderUsable(config: Config): void {
  const base = pathOf(config.values.dir)
  config.onChange((changed) => {
    if (!changed.has('dir')) return undefined
    const folder = resolve(base, pathOf(config.values.dir))
    try {
      if (!statSync(folder).isDirectory()) return 'Not a directory'
    } catch (error) {
      return systemMessage(error)
    }
    config.values.dir = textOf(folder)
    return undefined
  })
}

/** Where a file named in the configuration lies: relative names are relative to `dir`. @returns a path, no text */
export function pathInDir(config: Config, name: string): string {
  return resolve(pathOf(config.values.dir), pathOf(name))
}

/** @returns The file's text; '' if it is gone. @throws Error with the system's message */
export function readConfigFile(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw new Error(systemMessage(error))
  }
}

const NEW_FILE_MODE = 0o644

function modeOf(path: string, newMode: number): number {
  try {
    return statSync(path).mode & 0o777
  } catch {
    return newMode
  }
}

/**
 * Replaces a file so that a crash at any moment leaves the old or the new text, never a part: temporary file beside it,
 * fsync, rename, fsync of the folder. The mode of the old file is kept, since it may hide a password.
 * @throws Error with the system's message; the old file is then untouched
 */
export function replaceFile(path: string, text: string, newMode = NEW_FILE_MODE): void {
  const temporary = `${path}.${process.pid}.tmp`
  try {
    const file = openSync(temporary, 'w', newMode)
    try {
      fchmodSync(file, modeOf(path, newMode))
      const bytes = Buffer.from(text, 'latin1')
      for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(temporary, path)
    fsyncFolder(dirname(path))
  } catch (error) {
    removeQuietly(temporary)
    throw new Error(systemMessage(error))
  }
}

function removeQuietly(path: string): void {
  try {
    unlinkSync(path)
  } catch {
    // It never came to be, or became the target.
  }
}
