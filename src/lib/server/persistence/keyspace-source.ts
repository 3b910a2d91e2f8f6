import {KeyspaceWalk} from '../keyspace/keyspace-walk.js'
import type {Value} from '../keyspace/value.js'
import type {Server} from '../server.js'
import type {SourceWalk} from './state-source.js'

/** What turns keys into the bytes of a file. */
export interface KeyspaceWriter {
  /** Bytes written, handed out or not. */
  readonly bytes: number
  /** @param size - about how many keys follow @param expiresSize - of them with a deadline */
  database(index: number, size: number, expiresSize: number): void
  /** @param mark - of its last access @returns whether all of the value is written; if not, go on with `more` */
  key(key: string, value: Value, expireAtMs: number | undefined, mark: number): boolean
  /** Goes on with the last key's value. @returns whether all is written */
  more(): boolean
  end(): void
}

/**
 * Bytes made in one step, keys visited or passed over, and how long it may take, microseconds: all clients wait for so long.
 * Code that runs for the first time takes ten times as long for its bytes, and a slot's state is dearer than its bytes say.
 */
const STEP_BYTES = 64 * 1024
const STEP_KEYS = 4096
const STEP_US = 1000
/** How many keys go by without a look at the clock; a slot's state costs more than that. */
const UNTIMED_KEYS = 32
const EMPTY = new Uint8Array(0)

/**
 * The data as they were when it was opened, as bytes that are made while the data change (no fork: design.md 4.3). What is
 * about to change is written before it does.
 */
export class KeyspaceSource {
  private readonly walk: KeyspaceWalk | undefined
  private readonly more: SourceWalk | undefined
  private isMidValue = false
  private isWritten = false

  /**
   * @param chunks - where the writer leaves what it has made
   * @param content - undefined: only what is written already
   */
  constructor(
    private readonly server: Server,
    private readonly writer: KeyspaceWriter,
    private readonly chunks: Uint8Array[],
    content: 'keys' | SourceWalk | undefined,
  ) {
    if (content !== 'keys') {
      this.more = content
      return
    }
    this.walk = new KeyspaceWalk(server.databases, {
      database: (index, size, expiresSize) => writer.database(index, size, expiresSize),
      key: (key, value, expireAtMs, mark) => {
        // A value must not change before all of it is written.
        this.finishValue()
        this.isMidValue = !writer.key(key, value, expireAtMs, mark)
        return !this.isMidValue
      },
      settle: () => this.finishValue(),
    })
    server.state.walks.add(this.walk)
  }

  private finishValue(): void {
    while (this.isMidValue) this.isMidValue = !this.writer.more()
  }

  /** @returns what comes next, which may be nothing yet; undefined: that was all */
  next(): Uint8Array | undefined {
    const {writer} = this
    const {effects} = this.server
    const stopAt = writer.bytes + STEP_BYTES
    const untimed = this.walk === undefined ? 1 : UNTIMED_KEYS
    const endUs = effects.monotonicUs() + STEP_US
    for (let count = 0; this.chunks.length === 0 && !this.isWritten; count++) {
      if (writer.bytes >= stopAt || count === STEP_KEYS) break
      if (count > 0 && count % untimed === 0 && effects.monotonicUs() >= endUs) break
      if (this.isMidValue) this.isMidValue = !writer.more()
      else if ((this.walk ?? this.more)?.step() !== true) {
        writer.end()
        this.isWritten = true
        this.close()
      }
    }
    const chunk = this.chunks.shift()
    if (chunk !== undefined || this.isWritten) return chunk
    return EMPTY
  }

  /** Lets the data go. */
  close(): void {
    if (this.walk !== undefined) this.server.state.walks.delete(this.walk)
    this.more?.close()
  }
}
