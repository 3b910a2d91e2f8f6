import {InlineSyntaxError, splitInline} from '../resp/inline.js'
import {quoted} from '../resp/quoted.js'

/**
 * The manifest of an append only file: which files it consists of (wire.md 4). One line each:
 *
 *     file appendonly.aof.2.base.rdb seq 2 type b
 *     file appendonly.aof.5.incr.aof seq 5 type i
 *
 * `b` is what the data was at some time, `i` what was written since, in several files as the case may be; `h` is waiting
 * to be deleted. Lines that start with `#` and unknown words in pairs are passed over.
 */
export interface AofFile {
  /** Without folder. */
  readonly name: string
  readonly sequence: number
}

export interface AofManifest {
  readonly base: AofFile | undefined
  readonly history: readonly AofFile[]
  /** Ascending by sequence; the last one is written to. */
  readonly incremental: readonly AofFile[]
}

export const NO_FILES: AofManifest = {base: undefined, history: [], incremental: []}

/** The manifest is none. `message` and `log` are Redis's words. */
export class AofManifestError extends Error {
  override readonly name = 'AofManifestError'
  /** What Redis logs, line by line, after its head line. */
  readonly log: readonly string[]

  constructor(
    message: string,
    /** Where, as far as it is about one line. */
    readonly at?: {readonly line: number; readonly text: string},
  ) {
    super(message)
    const where = at === undefined ? [] : [`Reading the manifest file, at line ${at.line}`, `>>> '${at.text}'`]
    this.log = [...where, message]
  }
}

/** A line with its end. */
const LINE_BYTES_MAX = 1024
const BLANKS = /^[ \t\r\n]+|[ \t\r\n]+$/g
const INVALID = 'Invalid AOF manifest file format'

type FileType = 'b' | 'h' | 'i'

/** @throws {AofManifestError} */
export function parseManifest(text: string): AofManifest {
  if (text === '') throw new AofManifestError('Found an empty AOF manifest')
  const manifest = {base: undefined as AofFile | undefined, history: [] as AofFile[], incremental: [] as AofFile[]}
  for (let from = 0, number = 1; from < text.length; number++) {
    const end = text.indexOf('\n', from) + 1
    const isComment = text[from] === '#'
    if (!isComment && (end === 0 || end - from > LINE_BYTES_MAX)) {
      throw new AofManifestError('The AOF manifest file contains too long line')
    }
    const line = text.slice(from, end === 0 ? text.length : end).replace(BLANKS, '')
    from = end === 0 ? text.length : end
    if (isComment) continue
    const problem = addLine(manifest, line)
    if (problem !== undefined) throw new AofManifestError(problem, {line: number, text: line})
  }
  return manifest
}

/** @returns what is wrong with the line */
function addLine(
  manifest: {base: AofFile | undefined; history: AofFile[]; incremental: AofFile[]},
  line: string,
): string | undefined {
  const words = wordsOf(line)
  if (words.length < 6 || words.length % 2 !== 0) return INVALID
  let name = ''
  let sequence = 0
  let type = ''
  for (let i = 0; i < words.length; i += 2) {
    const value = words[i + 1]!
    switch (words[i]!.toLowerCase()) {
      case 'file':
        if (!isBaseName(value)) return "File can't be a path, just a filename"
        name = value
        break
      case 'seq':
        sequence = integerOf(value)
        break
      case 'type':
        type = value.slice(0, 1)
        break
      default:
    }
  }
  if (name === '' || sequence === 0 || type === '') return INVALID
  return addFile(manifest, {name, sequence}, type)
}

function addFile(
  manifest: {base: AofFile | undefined; history: AofFile[]; incremental: AofFile[]},
  file: AofFile,
  type: string,
): string | undefined {
  switch (type as FileType) {
    case 'b':
      if (manifest.base !== undefined) return 'Found duplicate base file information'
      manifest.base = file
      return undefined
    case 'h':
      manifest.history.push(file)
      return undefined
    case 'i':
      if (file.sequence <= (manifest.incremental.at(-1)?.sequence ?? 0)) return 'Found a non-monotonic sequence number'
      manifest.incremental.push(file)
      return undefined
    default:
      return 'Unknown AOF file type'
  }
}

function wordsOf(line: string): string[] {
  try {
    return splitInline(line)
  } catch (error) {
    if (error instanceof InlineSyntaxError) return []
    throw error
  }
}

/** The number that the text starts with, as C reads it; 0 for none, or one that is not exact. */
function integerOf(text: string): number {
  const value = Number(/^[+-]?\d+/.exec(text)?.[0] ?? 0)
  return Number.isSafeInteger(value) ? value : 0
}

function isBaseName(name: string): boolean {
  return !/[/\\\0]/.test(name) && name !== '.' && name !== '..'
}

/** Base first, then history, then incremental, as Redis writes it. */
export function renderManifest({base, history, incremental}: AofManifest): string {
  const lines = base === undefined ? [] : [lineOf(base, 'b')]
  for (const file of history) lines.push(lineOf(file, 'h'))
  for (const file of incremental) lines.push(lineOf(file, 'i'))
  return lines.join('')
}

const PLAIN_NAME = /^[!#-&(-[\]-~]+$/

function lineOf({name, sequence}: AofFile, type: FileType): string {
  return `file ${PLAIN_NAME.test(name) ? name : quoted(name)} seq ${sequence} type ${type}\n`
}
