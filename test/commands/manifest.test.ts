import {execFileSync} from 'node:child_process'
import {existsSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {Plugin} from '@oclif/core/config'
import {beforeAll, describe, expect, it} from 'vitest'
import {packageFolder} from '../support/cli.js'

interface FlagShape {
  readonly aliases?: readonly string[]
  readonly char?: string
  readonly hidden?: boolean
  readonly multiple?: boolean
  readonly options?: readonly string[]
  readonly required?: boolean
  readonly type: string
}

interface CommandShape {
  readonly aliases: readonly string[]
  readonly args: Readonly<Record<string, {readonly hidden?: boolean; readonly required?: boolean}>>
  readonly flags: Readonly<Record<string, FlagShape>>
  readonly hidden?: boolean
  readonly summary?: string
}

let commands: Readonly<Record<string, CommandShape>>
let version: string

beforeAll(async () => {
  const plugin = new Plugin({
    errorOnManifestCreate: true,
    ignoreManifest: true,
    respectNoCacheDefault: true,
    root: packageFolder(),
    type: 'core',
  })
  await plugin.load()
  commands = JSON.parse(JSON.stringify(plugin.manifest.commands))
  version = plugin.manifest.version
})

/** One line per flag, so that a change of the surface reads as a change of lines. */
function describeFlag(name: string, flag: FlagShape): string {
  const {aliases = [], char, hidden, multiple, options, required, type} = flag
  const marks = [
    char && `-${char}`,
    type === 'boolean' ? 'boolean' : options ? options.join('|') : 'value',
    multiple && 'multiple',
    required && 'required',
    hidden && 'hidden',
    aliases.length > 0 && `also ${[...aliases].sort().join(' ')}`,
  ]
  return `  --${name} (${marks.filter(Boolean).join(', ')})`
}

function describeCommand(id: string, {aliases, args, flags, hidden}: CommandShape): string[] {
  const shownArgs = Object.entries(args).map(([name, {hidden, required}]) =>
    required ? ` ${name}` : ` [${name}${hidden ? ', hidden' : ''}]`,
  )
  const also = aliases.length > 0 ? ` (also ${[...aliases].sort().join(', ')})` : ''
  const names = Object.keys(flags).sort()
  const head = `${id.replaceAll(':', ' ')}${shownArgs.join('')}${also}${hidden ? ' hidden' : ''}`
  return [head, ...names.map((name) => describeFlag(name, flags[name] as FlagShape))]
}

describe('the command surface', () => {
  it('stands in the manifest as it is in the code (else: npm run build)', () => {
    const text = readFileSync(join(packageFolder(), 'oclif.manifest.json'), 'utf8')
    const manifest = JSON.parse(text)
    expect(manifest.commands).toEqual(commands)
    expect(manifest.version).toBe(version)
    expect(version).toBe(JSON.parse(readFileSync(join(packageFolder(), 'package.json'), 'utf8')).version)
  })

  // A build writes the file, so only where a clean clone was built can it tell what was committed.
  if (process.env['REQUIRE_PEERS'] === '1' && existsSync(join(packageFolder(), '.git'))) {
    it('was committed as the build makes it', () => {
      const committed = execFileSync('git', ['show', 'HEAD:oclif.manifest.json'], {
        cwd: packageFolder(),
        encoding: 'utf8',
      })
      expect(JSON.parse(committed)).toEqual(
        JSON.parse(readFileSync(join(packageFolder(), 'oclif.manifest.json'), 'utf8')),
      )
    })
  }

  it('changes only on purpose (vitest -u after a look at the difference)', async () => {
    const ids = Object.keys(commands).sort()
    const lines = ids.flatMap((id) => describeCommand(id, commands[id] as CommandShape))
    await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot('surface.txt')
  })

  it('tells of each command and flag what it does', () => {
    const silent = Object.entries(commands).flatMap(([id, {flags, summary}]) => [
      ...(summary ? [] : [id]),
      ...Object.entries(flags as Record<string, FlagShape & {summary?: string; description?: string}>)
        .filter(([, flag]) => !flag.hidden && !flag.summary && !flag.description)
        .map(([name]) => `${id} --${name}`),
    ])
    expect(silent).toEqual([])
  })
})
