import {open, readFile, realpath, stat} from 'node:fs/promises'
import {basename, delimiter, dirname, join} from 'node:path'
import {CliError} from '../../../kernel/errors.js'
import type {TarEntry} from '../tar.js'

/** Programs of this machine, and what they need to run where nothing else is. */

/** @returns the full path of a program on PATH, if it is one and no script */
export async function findProgram(name: string, path = process.env['PATH'] ?? ''): Promise<string | undefined> {
  for (const folder of path.split(delimiter)) {
    const file = join(folder, name)
    if (folder !== '' && (await isProgram(file))) return file
  }
  return undefined
}

async function isProgram(file: string): Promise<boolean> {
  const handle = await open(file, 'r').catch(() => undefined)
  if (!handle) return false
  try {
    const {buffer} = await handle.read(Buffer.alloc(4), 0, 4, 0)
    return buffer.equals(Buffer.from('\x7fELF', 'latin1'))
  } catch {
    return false
  } finally {
    await handle.close()
  }
}

/** What `ldd` prints: the files, among them the loader, that a program is linked with. */
export function parseLdd(text: string): string[] {
  return text.split('\n').flatMap((line) => {
    const [, file] = /(?:=>\s*|^\s*)(\/\S+)\s+\(0x/.exec(line) ?? []
    return file === undefined ? [] : [file]
  })
}

/**
 * The program at `path` of an image, with its libraries. Those from where this machine's loader was told to look are put
 * where the image's loader looks without being told.
 */
export async function entriesOfProgram(file: string, path: string): Promise<TarEntry[]> {
  const libraries = await librariesOf(file)
  const standard = dirname(libraries.find((each) => /^libc\./.test(basename(each))) ?? '/usr/lib/x')
  const entries = libraries.map((library) =>
    fileEntry(library, /^\/(?:usr\/)?lib/.test(library) ? library : join(standard, basename(library))),
  )
  return Promise.all([fileEntry(file, path), ...entries])
}

export async function fileEntry(file: string, path: string): Promise<TarEntry> {
  const real = await realpath(file)
  const {mode} = await stat(real)
  return {content: await readFile(real), mode: mode & 0o111 ? 0o755 : 0o644, path}
}

async function librariesOf(file: string): Promise<string[]> {
  const {execa} = await import('execa')
  const {exitCode, stderr, stdout} = await execa('ldd', [file], {env: {LC_ALL: 'C'}, reject: false})
  if (/not a dynamic executable|statically linked/.test(stdout + stderr)) return []
  if (exitCode !== 0) throw new CliError('ENVIRONMENT_LACKS', `the libraries of ${file} cannot be listed: ${stderr}`)
  const missing = /^\s*(\S+) => not found/m.exec(stdout)?.[1]
  if (missing !== undefined) throw new CliError('ENVIRONMENT_LACKS', `${file} needs ${missing}, which is not here`)
  return parseLdd(stdout)
}
