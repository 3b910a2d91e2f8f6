import {throwIfAborted} from '../../client/abort.js'
import type {Source} from './source.js'
import {SourceLink} from './source.js'
import {type KeyPage, scanPages} from './source-reader.js'

/** Pages worked on at a time, each over a connection of its own: what one waits for, others make use of. */
const WORKERS = 6

export interface PageWork {
  readonly source: Source
  readonly retryMs: number
  /** Aborted: no further page is begun, and waiting ends. */
  readonly signal: AbortSignal
  /** Where to begin. */
  readonly cursor?: string | undefined
  readonly work: (link: SourceLink, page: KeyPage) => Promise<void>
}

/**
 * Goes through all keys of a source, several pages at a time.
 *
 * @throws what went wrong first, after all workers have stopped; {CliError} INTERRUPTED
 */
export async function forEachPage({cursor, retryMs, signal, source, work}: PageWork): Promise<void> {
  const halt = new AbortController()
  const stop = AbortSignal.any([signal, halt.signal])
  const scanLink = new SourceLink(source, retryMs, stop)
  const pages = scanPages(scanLink, cursor)
  let failure: {readonly error: unknown} | undefined
  const worker = async () => {
    const link = new SourceLink(source, retryMs, stop)
    try {
      while (!stop.aborted) {
        const {done, value} = await pages.next()
        if (done) return
        await work(link, value)
      }
    } catch (error) {
      failure ??= {error}
      halt.abort()
    } finally {
      link.close()
    }
  }
  await Promise.all(Array.from({length: WORKERS}, worker))
  scanLink.close()
  if (failure) throw failure.error
  throwIfAborted(signal)
}
