import {readdirSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'

/**
 * Golden scripts, as in etcd's datadriven tests:
 *
 *   # why this script exists
 *   first command
 *   second command
 *   ----
 *   the output of both
 *
 *   next command
 *   ----
 *   ok
 *
 * A block ends at a blank line, so no output may contain one. `UPDATE_GOLDEN=1` writes what came out into the files; a
 * person reads the diff.
 */
export interface GoldenBlock {
  /** Comment and blank lines before the commands, kept as they are. */
  readonly preface: readonly string[]
  readonly commands: readonly string[]
  readonly expected: string
}

export interface GoldenScript {
  readonly name: string
  readonly path: string
  readonly blocks: readonly GoldenBlock[]
}

export function loadGolden(folder: string): GoldenScript[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.txt'))
    .sort()
    .map((name) => {
      const path = join(folder, name)
      return {blocks: parseGolden(readFileSync(path, 'utf8')), name: name.slice(0, -'.txt'.length), path}
    })
}

/** @throws Error for commands without `----` */
export function parseGolden(text: string): GoldenBlock[] {
  const blocks: GoldenBlock[] = []
  const lines = text.trimEnd().split('\n')
  let at = 0
  while (at < lines.length) {
    const preface: string[] = []
    while (at < lines.length && isPreface(lines[at] as string)) preface.push(lines[at++] as string)
    const commands: string[] = []
    while (at < lines.length && lines[at] !== '----') commands.push(lines[at++] as string)
    if (at === lines.length) throw new Error(`no ---- after: ${commands.join(' / ')}`)
    at++
    const expected: string[] = []
    while (at < lines.length && lines[at] !== '') expected.push(lines[at++] as string)
    blocks.push({commands: commands.filter((line) => line !== ''), expected: expected.join('\n'), preface})
  }
  return blocks
}

/**
 * Runs a script and says what came out of each block.
 *
 * @param run - one command; its output, undefined for none
 * @returns the blocks with their real output; `ok` where there was none
 */
export function runGolden(script: GoldenScript, run: (command: string) => string | undefined): GoldenBlock[] {
  return script.blocks.map((block) => {
    const outputs = block.commands.map(run).filter((output) => output !== undefined && output !== '')
    return {...block, expected: outputs.join('\n') || 'ok'}
  })
}

export function renderGolden(blocks: readonly GoldenBlock[]): string {
  return `${blocks.map(({commands, expected, preface}) => [...preface, ...commands, '----', expected].join('\n')).join('\n')}\n`
}

/** @returns true if the files are to be rewritten instead of compared */
export function isUpdatingGolden(): boolean {
  return process.env['UPDATE_GOLDEN'] === '1'
}

export function writeGolden(script: GoldenScript, blocks: readonly GoldenBlock[]): void {
  writeFileSync(script.path, renderGolden(blocks))
}

function isPreface(line: string): boolean {
  return line === '' || line.startsWith('#')
}
