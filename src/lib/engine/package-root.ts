import {existsSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {assert} from '../kernel/assert.js'

/** Path of a file of this package, whether the caller runs from src/, from dist/ or from an installed package. */
export function packageFile(...names: readonly string[]): string {
  const start = dirname(fileURLToPath(import.meta.url))
  for (let folder = start; ; folder = dirname(folder)) {
    const file = join(folder, ...names)
    if (existsSync(file)) return file
    assert(folder !== dirname(folder), `${names.join('/')} is nowhere above ${start}`)
  }
}
