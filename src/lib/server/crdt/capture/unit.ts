import type {Database} from '../../keyspace/database.js'
import type {Value} from '../../keyspace/value.js'
import type {Item} from '../../propagation/propagation.js'
import type {Server} from '../../server.js'
import type {CrdtType, SlotWriter, VisibleKey} from '../core/api.js'

/** What translators see of the unit under way: the data as the command left them, the core as it was before. */
export interface Unit {
  readonly server: Server
  readonly db: Database
  /** Members that the command took out of a sorted set. */
  readonly removed: readonly string[]
  writer(key: string): SlotWriter
  /** What the core shows of a key: as it was before the operations that are still to be written. */
  look(key: string): VisibleKey | undefined
  /** `look(key)?.type` in little time. */
  typeOf(key: string): CrdtType | undefined
  /** What clients see of it by now, expired or not. */
  visible(key: string): Value | undefined
  /** Is no other region's matter: goes to replicas and disk of this one as it is. */
  keepLocal(item: Item): void
  publish(channel: string, message: string): void
}

/** Turns one command into operations. */
export type Translate = (unit: Unit, argv: readonly string[], item: Item) => void

/** Nothing that other regions are to hear of. */
export const nothing: Translate = () => undefined

export const local: Translate = (unit, _argv, item) => unit.keepLocal(item)

/** What is counted in milliseconds ends here (crdb.md 3.4): some 17,000 years on. */
const DEADLINE_MAX_MS = 2 ** 49

/** @param atMs - later than DEADLINE_MAX_MS: what clients see is set to that, too */
export function writeDeadline(unit: Unit, key: string, atMs: number): void {
  const bounded = Math.min(DEADLINE_MAX_MS, atMs)
  unit.writer(key).setDeadline(key, bounded)
  if (bounded !== atMs) unit.db.setExpiry(key, bounded)
}
