/**
 * What a snapshot of an active-active database holds in place of keys, as values of a module (protocol/rdb/file-writer.ts).
 * Several records share one frame of the module.
 *
 *     HEAD text                      clock and actors; the first one
 *     SLOT number text               a slot's state
 *     STREAM text text               a stream's name, and what only this region knows of it (stream-facts.ts)
 */
export const RECORD = {head: 1, slot: 2, stream: 3} as const

/** Values behind the number that says which record it is. */
export const RECORD_LENGTHS: Readonly<Record<number, number>> = {
  [RECORD.head]: 1,
  [RECORD.slot]: 2,
  [RECORD.stream]: 2,
}
