import {readdirSync, readFileSync} from 'node:fs'
import {dirname, join, relative, resolve} from 'node:path'
import {describe, expect, it} from 'vitest'

/**
 * The rules of the code base, executed: layers, purity, who knows a terminal, size, and words that mean "later".
 * Every exception stands in EXCEPTIONS, with its reason; there is no other way around a rule.
 */
const ROOT = resolve(import.meta.dirname, '..')

/** file -> rules it may break, and why. */
const EXCEPTIONS: Readonly<Record<string, {readonly rules: readonly Rule[]; readonly why: string}>> = {
  'src/lib/node/main.ts': {
    rules: ['terminal'],
    why: 'shoal-server is a program of its own: it prints its version, its help and why it could not start',
  },
}

type Rule = 'layers' | 'purity' | 'terminal' | 'exit-code' | 'size' | 'later'

const RANK: Readonly<Record<string, number>> = {
  kernel: 0,
  model: 1,
  protocol: 1,
  plan: 2,
  server: 2,
  client: 3,
  engine: 3,
  environment: 3,
  node: 3,
  operations: 3,
  cli: 4,
  embedded: 4,
  commands: 5,
}

/** The only imports allowed between folders of one rank. */
const SIDEWAYS = new Set([
  'operations->engine',
  'operations->client',
  'environment->engine',
  'engine->node',
  'engine->client',
  'protocol->model',
])

const IMPURE_IMPORT =
  /from '(?:node:(?!buffer)[\w/]+|ioredis|execa|listr2|ora|inquirer|env-paths|proper-lockfile|@oclif\/.*|@inquirer\/.*)'/
const IMPURE_WORD =
  /\b(?:Date\.now|new Date\(|performance\.|Math\.random|setTimeout|setInterval|setImmediate|queueMicrotask|process\.|console\.|async |await )/
const TERMINAL = /from '(?:ora|inquirer|listr2|@oclif\/.*|@inquirer\/.*)'|process\.(?:stdout|stdin|stderr)|console\./
const LINES_MAX = 400

interface Source {
  readonly path: string
  readonly folder: string
  readonly code: string
  readonly lines: number
  readonly text: string
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, {recursive: true, withFileTypes: true})
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
}

/** Comments and string contents are not code: a docstring may name what the code must not call. */
function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1')
}

function withoutStrings(code: string): string {
  return code.replace(/'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g, "''")
}

function folderOf(path: string): string {
  const parts = path.split('/')
  if (parts[1] === 'commands') return 'commands'
  if (parts[1] === 'lib' && parts.length > 3) return parts[2] as string
  return ''
}

function load(folder: string): Source[] {
  return filesBelow(join(ROOT, folder)).map((file) => {
    const text = readFileSync(file, 'utf8')
    const path = relative(ROOT, file)
    return {code: withoutComments(text), folder: folderOf(path), lines: text.split('\n').length - 1, path, text}
  })
}

function breaches(rule: Rule, sources: readonly Source[], find: (source: Source) => readonly string[]): string[] {
  return sources
    .filter(({path}) => !EXCEPTIONS[path]?.rules.includes(rule))
    .flatMap((source) => find(source).map((what) => `${source.path}: ${what}`))
}

const src = load('src')
const all = [...src, ...load('test'), ...load('bench')]

describe('tidy', () => {
  it('finds sources', () => {
    expect(src.length).toBeGreaterThan(10)
  })

  it('imports only from a lower layer or the same folder', () => {
    const found = breaches('layers', src, ({code, folder, path}) =>
      [...code.matchAll(/from '(\.[^']+)'|import\('(\.[^']+)'\)/g)].flatMap((match) => {
        const target = relative(ROOT, resolve(ROOT, dirname(path), (match[1] ?? match[2]) as string))
        const to = folderOf(target)
        if (folder === '' || to === folder) return []
        const from = RANK[folder] ?? 99
        if ((RANK[to] ?? 99) < from) return []
        return SIDEWAYS.has(`${folder}->${to}`) ? [] : [`may not import ${target}`]
      }),
    )
    expect(found).toEqual([])
  })

  it('keeps kernel, model, protocol, plan and server pure', () => {
    const found = breaches('purity', src, ({code, folder}) => {
      if ((RANK[folder] ?? 99) > 2) return []
      return code
        .split('\n')
        .filter((line) => IMPURE_IMPORT.test(line) || IMPURE_WORD.test(withoutStrings(line)))
        .map((line) => line.trim())
    })
    expect(found).toEqual([])
  })

  it('lets only cli/ and commands/ know a terminal', () => {
    const found = breaches('terminal', src, ({code, folder}) =>
      folder === 'cli' || folder === 'commands' ? [] : code.split('\n').filter((line) => TERMINAL.test(line)),
    )
    expect(found).toEqual([])
  })

  it('sets the exit code in cli/base-command.ts alone', () => {
    const found = breaches('exit-code', src, ({code, path}) =>
      path === 'src/lib/cli/base-command.ts' || path === 'src/lib/node/main.ts'
        ? []
        : code.split('\n').filter((line) => /process\.exit/.test(line)),
    )
    expect(found).toEqual([])
  })

  it(`keeps files at ${LINES_MAX} lines or fewer`, () => {
    expect(breaches('size', all, ({lines}) => (lines > LINES_MAX ? [`${lines} lines`] : []))).toEqual([])
  })

  it('has nothing left for later', () => {
    const words = new RegExp(['TO', 'DO\\b|FIX', 'ME\\b|X', 'XX\\b'].join(''))
    expect(breaches('later', all, ({text}) => text.split('\n').filter((line) => words.test(line)))).toEqual([])
  })

  it('has no exception for a file that is gone', () => {
    const paths = new Set(all.map(({path}) => path))
    expect(Object.keys(EXCEPTIONS).filter((path) => !paths.has(path))).toEqual([])
  })
})
