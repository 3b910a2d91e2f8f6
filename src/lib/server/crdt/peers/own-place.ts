import type {SlotRange} from '../../../model/slot-set.js'

/** What this node is in its own cluster. */
export interface OwnPlace {
  /** 40 hex digits. */
  readonly nodeId: string
  readonly isPrimary: boolean
  /** The same array until they change. */
  readonly slots: readonly SlotRange[]
}

export const NO_SLOTS: readonly SlotRange[] = []

/** Slots that it serves: a replica has none. */
export function ownSlotsOf({isPrimary, slots}: OwnPlace): readonly SlotRange[] {
  return isPrimary ? slots : NO_SLOTS
}
