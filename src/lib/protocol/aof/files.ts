import {type AofFile, type AofManifest, NO_FILES} from './manifest.js'

/**
 * Which files an append only file is to consist of next (wire.md 4). Each function gives a new manifest; the caller makes
 * the files, writes the manifest, and only then lets go of what it does not name any more.
 *
 *     start     base 1, incremental 1
 *     rewrite   withIncremental: what comes from now on goes to incremental n+1
 *               withBase: base n+1 holds all before it; the old files become history
 *               withoutHistory: they are deleted
 */

/** Of a base file: RDB, or commands. */
export type BaseFormat = 'rdb' | 'aof'

/** @param appendFilename - the configuration's `appendfilename`, which all names start with */
export function firstManifest(appendFilename: string, format: BaseFormat): AofManifest {
  return withIncremental(withBase(NO_FILES, appendFilename, format, 0), appendFilename)
}

/** Of an append only file as versions before 7.0 kept it: one file, which stays what it is. */
export function manifestOfSingleFile(appendFilename: string): AofManifest {
  return {...NO_FILES, base: {name: appendFilename, sequence: 1}}
}

/** One more file to write to. */
export function withIncremental(manifest: AofManifest, appendFilename: string): AofManifest {
  const sequence = (manifest.incremental.at(-1)?.sequence ?? 0) + 1
  const file = {name: `${appendFilename}.${sequence}.incr.aof`, sequence}
  return {...manifest, incremental: [...manifest.incremental, file]}
}

/**
 * A base that holds all that was written before the last `keptCount` incremental files: 1 while commands are being
 * appended, 0 if not.
 */
export function withBase(
  {base, history, incremental}: AofManifest,
  appendFilename: string,
  format: BaseFormat,
  keptCount: 0 | 1,
): AofManifest {
  const sequence = (base?.sequence ?? 0) + 1
  const keptFrom = Math.max(0, incremental.length - keptCount)
  return {
    base: {name: `${appendFilename}.${sequence}.base.${format}`, sequence},
    history: [...history, ...(base === undefined ? [] : [base]), ...incremental.slice(0, keptFrom)],
    incremental: incremental.slice(keptFrom),
  }
}

/** Its files are gone. */
export function withoutHistory(manifest: AofManifest): AofManifest {
  return {...manifest, history: []}
}

/** In the order to be loaded in. Only the last of them may end in the middle of a command. */
export function filesToLoad({base, incremental}: AofManifest): AofFile[] {
  return base === undefined ? [...incremental] : [base, ...incremental]
}

/**
 * Files that a crash left behind: they look like ours, and the manifest does not name them. What else is in the folder is
 * none of our business.
 *
 * @param names - of the files in the folder
 */
export function orphansAmong(names: readonly string[], manifest: AofManifest, appendFilename: string): string[] {
  const known = new Set([...filesToLoad(manifest), ...manifest.history].map(({name}) => name))
  return names.filter((name) => !known.has(name) && (isPart(name, appendFilename) || isTemporary(name, appendFilename)))
}

function isPart(name: string, appendFilename: string): boolean {
  return (
    name.startsWith(`${appendFilename}.`) &&
    /^\d+\.(?:base\.(?:rdb|aof)|incr\.aof)$/.test(name.slice(appendFilename.length + 1))
  )
}

/** As they are called until they are whole and renamed. */
function isTemporary(name: string, appendFilename: string): boolean {
  if (/^temp-rewriteaof(?:-bg)?-\d+\.aof$/.test(name) || name === temporaryManifestName(appendFilename)) return true
  if (name === temporaryIncrementalName(appendFilename)) return true
  return name.startsWith('temp-') && isPart(name.slice('temp-'.length), appendFilename)
}

export function manifestName(appendFilename: string): string {
  return `${appendFilename}.manifest`
}

/** Written first, then renamed. */
export function temporaryManifestName(appendFilename: string): string {
  return `temp-${manifestName(appendFilename)}`
}

/** What is written to while the first base is being made. */
export function temporaryIncrementalName(appendFilename: string): string {
  return `temp-${appendFilename}.incr`
}
