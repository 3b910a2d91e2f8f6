import {watch} from 'node:fs'
import {open, readFile} from 'node:fs/promises'
import {dirname} from 'node:path'
import type {LogOptions} from './engine.js'

const TAIL_BYTES = 4096
const TAIL_LINES = 20
const CHUNK_BYTES = 1 << 16
/** Where changes of files are not told, they are looked for. */
const LOOK_MS = 250

/** The last lines of a log that are not empty; none if there is no such file. */
export async function tailOf(path: string): Promise<string[]> {
  const text = await readFile(path, 'utf8').catch(() => '')
  return text
    .slice(-TAIL_BYTES)
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-TAIL_LINES)
}

/**
 * Lines of a log file, oldest first, without their ends. A file that is not there has none, and is waited for if followed; one that
 * became shorter is read from its new beginning.
 */
export async function* readLog(path: string, {follow, lines}: LogOptions, signal: AbortSignal): AsyncGenerator<string> {
  const text = await readFile(path).catch(() => Buffer.alloc(0))
  const end = text.lastIndexOf(10) + 1
  const kept = text.subarray(0, follow ? end : undefined).toString('utf8')
  const all = kept.split('\n')
  if (all.at(-1) === '') all.pop()
  yield* lines === undefined ? all : all.slice(Math.max(0, all.length - lines))
  if (follow) yield* followLog(path, end, signal)
}

async function* followLog(path: string, from: number, signal: AbortSignal): AsyncGenerator<string> {
  let position = from
  let rest = Buffer.alloc(0)
  while (!signal.aborted) {
    const fresh = await readFrom(path, position)
    if (fresh === 'shorter') {
      position = 0
      rest = Buffer.alloc(0)
      continue
    }
    if (fresh.length === 0) {
      await nextChange(path, signal)
      continue
    }
    position += fresh.length
    const text = Buffer.concat([rest, fresh])
    const end = text.lastIndexOf(10) + 1
    rest = text.subarray(end)
    if (end > 0)
      yield* text
        .subarray(0, end - 1)
        .toString('utf8')
        .split('\n')
  }
}

async function readFrom(path: string, position: number): Promise<Buffer | 'shorter'> {
  const file = await open(path, 'r').catch(() => undefined)
  if (!file) return Buffer.alloc(0)
  try {
    if ((await file.stat()).size < position) return 'shorter'
    const {buffer, bytesRead} = await file.read(Buffer.alloc(CHUNK_BYTES), 0, CHUNK_BYTES, position)
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}

function nextChange(path: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(finish, LOOK_MS)
    let watcher: ReturnType<typeof watch> | undefined
    try {
      watcher = watch(dirname(path), {persistent: false}, finish).on('error', () => undefined)
    } catch {
      // The folder is gone too: looked for again.
    }
    signal.addEventListener('abort', finish, {once: true})
    function finish(): void {
      clearTimeout(timer)
      watcher?.close()
      signal.removeEventListener('abort', finish)
      resolve()
    }
  })
}
