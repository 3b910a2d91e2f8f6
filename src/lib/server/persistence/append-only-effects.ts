import type {ServerEffects} from '../effects.js'
import type {Server} from '../server.js'

/** What the append-only file asks of the shell, which carries out calls in their order. */
export interface AppendOnlyEffects {
  /** Something has been gathered, after nothing: it is to be written at the end of this turn of the loop. */
  appendSoon(): void
  /** Every 100 ms while there is a file: what had to wait, or failed, is tried again. */
  appendLate(nowMs: number): void
  /**
   * Begins a rewrite: of the data as they are when `AppendOnly.beginPart` is called. Its end is told to
   * `AppendOnly.finishRewrite`, unless `stopAppending` comes first.
   */
  rewriteAppendOnly(): void
  /** Writes what has been gathered, makes it durable, and ends a rewrite that is under way. */
  stopAppending(): void
  /** Why there can be no append-only file; undefined: there can. */
  appendFolderError(): string | undefined
  /** Puts the data that the files hold in the place of those there are. @returns why that failed */
  reloadAppendOnly(): string | undefined
}

/** The part of the effects that carries it out. */
export interface HasAppendOnly {
  readonly appendOnly: AppendOnlyEffects
}

export function appendOnlyEffects(server: Server): AppendOnlyEffects {
  return (server.effects as ServerEffects & HasAppendOnly).appendOnly
}
