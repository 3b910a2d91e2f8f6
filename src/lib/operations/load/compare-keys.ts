import type {WireCommand} from '../../client/migration/wire.js'
import {NodeReplyError} from '../../client/reply-error.js'
import {hashSlot} from '../../protocol/hash-slot.js'
import {comparePayloads} from '../../protocol/rdb/compare.js'
import {type ExpiryDialect, expiryCommand, expiryIn} from './expiry.js'
import type {KeyRouter} from './key-router.js'
import {type DumpedKey, expiresAt} from './types.js'

/** How a key at the cluster stands to one that was dumped elsewhere. */
export type KeyComparison =
  | {readonly kind: 'same'; readonly payload: string}
  | {readonly kind: 'missing'}
  | {
      readonly kind: 'different'
      readonly differs: 'value' | 'expiry' | 'unknown'
      /** What the cluster holds. */
      readonly payload: string
      readonly expireAtMs: number | undefined
    }

/** The same deadline by two clocks, where a node tells only how long a key has left. Milliseconds. */
const EXPIRY_TOLERANCE_MS = 2000

/** A scratch key that a crash left behind goes by itself. Milliseconds. */
const SCRATCH_TTL_MS = 60_000

/**
 * Compares dumped keys with what the cluster holds under their names, by DUMP and time of expiry.
 *
 * Where the bytes leave it open - other versions lay the same value out otherwise - the node itself decides: it loads the
 * payload under a scratch name of the same slot and dumps that again.
 */
export class KeyComparer {
  /** Slot -> a hash tag in it, as far as they were looked for. */
  private readonly tags = new Map<number, string>()
  private tagsTried = 0
  private scratchCount = 0

  constructor(
    private readonly router: KeyRouter,
    private readonly dialect: ExpiryDialect,
  ) {}

  /**
   * @throws {CliError} as `KeyRouter.send`
   * @throws {NodeReplyError} if the node does not let keys be read
   */
  async compare(key: DumpedKey): Promise<KeyComparison> {
    const slot = hashSlot(key.key)
    const commands = [['DUMP', key.key], expiryCommand(this.dialect, key.key)]
    const [payload, expiry] = await this.router.send(slot, commands, key.payload.length)
    if (payload instanceof NodeReplyError) throw payload
    if (expiry instanceof NodeReplyError) throw expiry
    if (typeof payload !== 'string') return {kind: 'missing'}
    const expireAtMs = expiryIn(this.dialect, expiry)
    const held = {kind: 'different', payload, expireAtMs} as const
    let values = comparePayloads(key.payload, payload)
    if (values === 'unclear') values = comparePayloads(await this.reload(slot, key.payload), payload)
    if (values !== 'same') return {...held, differs: values === 'different' ? 'value' : 'unknown'}
    return this.sameExpiry(expireAtMs, expiresAt(key)) ? {kind: 'same', payload} : {...held, differs: 'expiry'}
  }

  private sameExpiry(a: number | undefined, b: number | undefined): boolean {
    if (a === undefined || b === undefined) return a === b
    return Math.abs(a - b) <= (this.dialect.absolute ? 0 : EXPIRY_TOLERANCE_MS)
  }

  /** @returns the payload as the owner of the slot would dump it; as it was if the node does not load it */
  private async reload(slot: number, payload: string): Promise<string> {
    const name = this.scratchKey(slot)
    const commands: WireCommand[] = [
      ['RESTORE', name, String(SCRATCH_TTL_MS), payload, 'REPLACE'],
      ['DUMP', name],
      ['DEL', name],
    ]
    const [, dumped] = await this.router.send(slot, commands, payload.length)
    return typeof dumped === 'string' ? dumped : payload
  }

  /** A name in a slot that nobody else uses. */
  private scratchKey(slot: number): string {
    while (!this.tags.has(slot)) {
      const tag = `shoal:${this.tagsTried++}`
      const found = hashSlot(tag)
      if (!this.tags.has(found)) this.tags.set(found, tag)
    }
    return `{${this.tags.get(slot)}}compare:${process.pid}:${this.scratchCount++}`
  }
}
