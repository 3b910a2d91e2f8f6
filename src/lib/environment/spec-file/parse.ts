import {type Document, isMap, isNode, isPair, isScalar, LineCounter, parseAllDocuments, type Range} from 'yaml'
import {CliError} from '../../kernel/errors.js'
import {nearest} from '../../kernel/nearest.js'
import {LATER, type SpecFile, specFileJsonSchema, specFileSchema} from './schema.js'

/** Something wrong in a file. */
export interface SpecFileProblem {
  /** From 1. */
  readonly line: number
  readonly message: string
}

type Path = readonly (string | number)[]

interface Issue {
  readonly code: string
  readonly path: Path
  readonly message: string
  readonly keys?: readonly string[]
  readonly values?: readonly unknown[]
}

/** What of a JSON schema is needed to say which keys there are. */
interface SchemaPart {
  readonly properties?: Readonly<Record<string, SchemaPart>>
  readonly additionalProperties?: SchemaPart | false
  readonly anyOf?: readonly SchemaPart[]
}

/**
 * Reads the text of a spec file. One file is one environment.
 *
 * @param file - its name, for messages
 * @throws {CliError} BAD_FLAG naming every problem with its line, also in `details.problems`
 */
export function parseSpecFile(text: string, file: string): SpecFile {
  const lines = new LineCounter()
  const documents = parseAllDocuments(text, {lineCounter: lines})
  const [document, ...more] = 'empty' in documents ? [] : documents
  if (!document) throw wrong(file, [{line: 1, message: 'the file is empty'}])
  if (document.errors.length > 0) {
    throw wrong(
      file,
      document.errors.map(({message, linePos}) => ({
        line: linePos?.[0].line ?? 1,
        message: message.replace(/ at line \d+, column \d+:[\s\S]*$/, ''),
      })),
    )
  }
  if (more.length > 0) {
    const line = lines.linePos(more[0]?.range[0] ?? 0).line
    throw wrong(file, [{line, message: 'a second document begins: one file is one environment, put each in its own'}])
  }
  const value: unknown = document.toJS()
  if (!isMap(document.contents)) throw wrong(file, [{line: 1, message: 'there is no environment in it'}])
  const parsed = specFileSchema.safeParse(value)
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.flatMap((issue) => problemsOf(issue as Issue, document, lines, value))
  throw wrong(
    file,
    problems.sort((a, b) => a.line - b.line),
  )
}

/** @returns the error of a file that cannot be used */
export function wrong(file: string, problems: readonly SpecFileProblem[]): CliError {
  const text = problems.map(({line, message}) => `${file}:${line}: ${message}`).join('\n')
  return new CliError('BAD_FLAG', text, {
    details: {file, problems},
    suggestions: ['shoal up --help', 'The form is described by docs/environment.schema.json of the package.'],
  })
}

/** Of the innermost part of the path that is in the file. @returns from 1 */
export function lineOf(document: Document, lines: LineCounter, path: Path, key?: string): number {
  for (let depth = path.length; depth >= 0; depth--) {
    const found = depth === 0 ? document.contents : document.getIn(path.slice(0, depth), true)
    if (!isNode(found)) continue
    const at = key !== undefined && depth === path.length && isMap(found) ? keyRange(found.items, key) : undefined
    const [offset] = at ?? keyOf(document, path.slice(0, depth)) ?? found.range ?? [0]
    return lines.linePos(offset).line
  }
  return 1
}

/** Where the key of a value stands: a map may begin on the line after it. */
function keyOf(document: Document, path: Path): Range | undefined {
  const parent = path.length < 2 ? document.contents : document.getIn(path.slice(0, -1), true)
  return isMap(parent) ? keyRange(parent.items, String(path.at(-1))) : undefined
}

function keyRange(items: readonly unknown[], key: string): Range | undefined {
  const pair = items.find((item) => isPair(item) && isScalar(item.key) && String(item.key.value) === key)
  return isPair(pair) && isScalar(pair.key) ? (pair.key.range ?? undefined) : undefined
}

function problemsOf(issue: Issue, document: Document, lines: LineCounter, value: unknown): SpecFileProblem[] {
  const {code, keys = [], path} = issue
  if (code !== 'unrecognized_keys') return [{line: lineOf(document, lines, path), message: messageOf(issue, value)}]
  return keys.map((key) => ({line: lineOf(document, lines, path, key), message: unknownKey(path, key)}))
}

function unknownKey(path: Path, key: string): string {
  if (path.length === 0 && LATER.includes(key)) return `${key} is not yet supported by this version of Shoal`
  const meant = nearest(key, keysAt(path))
  const where = path.length === 0 ? '' : ` in ${path.join('.')}`
  return `there is no key ${key}${where}${meant ? `; did you mean ${meant}?` : `. There are ${keysAt(path).join(', ')}`}`
}

/** The keys that there are at a place. */
function keysAt(path: Path): string[] {
  const part = path.reduce<SchemaPart | undefined>(
    (at, key) => mapIn(at?.properties?.[key] ?? (at?.additionalProperties || undefined)),
    specFileJsonSchema() as SchemaPart,
  )
  return Object.keys(part?.properties ?? {})
}

/** Of `this or nothing`: this. */
function mapIn(part: SchemaPart | undefined): SchemaPart | undefined {
  return part?.anyOf?.find(({properties}) => properties) ?? part
}

function messageOf({code, message, path, values}: Issue, value: unknown): string {
  const name = path.join('.')
  const given = path.reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], value)
  if (given === undefined && code !== 'invalid_key') {
    return values?.length === 1 ? `${name} is missing: ${name}: ${values[0]}` : `${name} is missing`
  }
  if (code === 'invalid_value' && values) {
    const meant = nearest(String(given), values.map(String))
    return `${name} is ${show(given)}, not ${values.join(', ')}${meant && values.length > 1 ? `; did you mean ${meant}?` : ''}`
  }
  if (code === 'invalid_key') return `${path.at(-1)} cannot be a name here: letters, digits, - and _`
  if (code === 'invalid_union') return `${name} is ${show(given)}, not one value`
  const text = message.replace(/^Invalid input: |^(?:Too (?:small|big)|Invalid string): /, '')
  return `${name} is ${show(given)}: ${text}`
}

/** Short, and no secret: what stands in `auth` is not asked for. */
function show(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object' && value !== null) return 'a map'
  const text = JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 60)}...` : text
}
