import {CHUNK_BYTES} from '../chunk-output.js'
import type {RdbValue} from '../rdb/value.js'
import {AofOutput} from './output.js'
import {type Rebuild, rebuildOf} from './rebuild.js'

/**
 * Writes a base of an append only file as commands (wire.md 4), the way `RdbFileWriter` writes an RDB file: the caller
 * walks the keyspace, bytes leave in chunks of up to 64 KiB, and a long value takes several steps.
 *
 *     [timestamp], library*, command*, (database, key ...)*, end
 */
export class AofRewriter {
  private readonly out: AofOutput
  private currentKey = ''
  private expireAtMs: number | undefined
  /** Of the value that is being written; invariant: 0 <= nextPart < its parts. */
  private rebuild: Rebuild | undefined
  private nextPart = 0

  /** @param emit - given each chunk, which is its own; `giveBack` what is not needed any more */
  constructor(emit: (chunk: Uint8Array) => void) {
    this.out = new AofOutput(emit)
  }

  /** Bytes written, handed out or not. */
  get bytes(): number {
    return this.out.position
  }

  /** Gives a chunk back that is not needed any more, for another one to be made of its memory. */
  giveBack(chunk: Uint8Array): void {
    this.out.giveBack(chunk)
  }

  /** If `aof-timestamp-enabled` says so. */
  timestamp(unixSeconds: number): void {
    this.out.raw(`#TS:${unixSeconds}\r\n`)
  }

  /** @param code - of a library of functions, with its `#!lua name=...` */
  library(code: string): void {
    this.out.command('FUNCTION', 'LOAD', code)
  }

  /** What is to be known of the keys that follow. */
  command(argv: readonly string[]): void {
    this.out.commandOf(argv)
  }

  /** The keys that follow are in this database. */
  database(index: number): void {
    this.out.command('SELECT', String(index))
  }

  /**
   * @param expireAtMs - Unix time in milliseconds
   * @returns whether all is written; if not, go on with `more`
   */
  key(key: string, value: RdbValue, expireAtMs: number | undefined): boolean {
    if (typeof value === 'string') {
      this.out.command('SET', key, value)
      this.writeExpiry(key, expireAtMs)
      return true
    }
    this.currentKey = key
    this.expireAtMs = expireAtMs
    this.rebuild = rebuildOf(key, value)
    this.nextPart = 0
    return this.more()
  }

  /** Goes on with the last key's value. @returns whether all is written */
  more(): boolean {
    const {out, rebuild} = this
    if (rebuild === undefined) return true
    const stopAt = out.position + CHUNK_BYTES
    while (this.nextPart < rebuild.parts && out.position < stopAt) rebuild.write(this.nextPart++, out)
    if (this.nextPart < rebuild.parts) return false
    this.rebuild = undefined
    this.writeExpiry(this.currentKey, this.expireAtMs)
    return true
  }

  /** Hands out what is left. */
  end(): void {
    this.out.flush()
  }

  private writeExpiry(key: string, expireAtMs: number | undefined): void {
    if (expireAtMs !== undefined) this.out.command('PEXPIREAT', key, String(expireAtMs))
  }
}
