import type {WireCommand} from '../../client/migration/wire.js'
import {printableKey} from './busy-keys.js'
import type {Pace, SizedKey} from './pace.js'
import type {PairContext} from './types.js'

/** Keys asked about in one write; the source serves a write as one, so it must not be long. */
const KEYS_PER_WRITE = 256

export interface ListedSlot {
  readonly slot: number
  /** Latin1 text. */
  readonly keys: readonly string[]
}

export interface SizedSlot {
  readonly slot: number
  readonly keys: readonly SizedKey[]
}

/**
 * Asks for the memory of each key, so that big ones go alone and mid-sized ones are not heaped into one MIGRATE.
 *
 * MEMORY USAGE samples five elements of a collection, so it is cheap for any key. A node that refuses the command leaves
 * the sizes unknown.
 */
export async function sizeKeys(context: PairContext, pace: Pace, slots: readonly ListedSlot[]): Promise<SizedSlot[]> {
  if (context.bytesPerKey !== undefined) {
    const bytes = context.bytesPerKey
    return slots.map(({keys, slot}) => ({slot, keys: keys.map((key) => ({key, bytes}))}))
  }
  const keys = slots.flatMap((listed) => listed.keys)
  const writes: Promise<unknown[]>[] = []
  for (let at = 0; at < keys.length; at += KEYS_PER_WRITE) {
    const part = keys.slice(at, at + KEYS_PER_WRITE)
    const asking: WireCommand[] = context.sourceImports ? [['ASKING']] : []
    writes.push(context.source.wire.send(part.flatMap((key): WireCommand[] => [...asking, ['MEMORY', 'USAGE', key]])))
  }
  const replies = (await Promise.all(writes)).flat().filter((_, index) => !context.sourceImports || index % 2 === 1)
  let next = 0
  return slots.map(({keys: names, slot}) => ({
    slot,
    keys: names.map((key) => {
      const reply = replies[next++]
      const sized = {key, bytes: typeof reply === 'number' ? reply : undefined}
      warnIfBig(context, pace, slot, sized)
      return sized
    }),
  }))
}

/** The others may take the source for dead while it is busy with one key. */
function warnIfBig({emit, nodeTimeoutMs, source}: PairContext, pace: Pace, slot: number, sized: SizedKey): void {
  if (sized.bytes === undefined) return
  const blockMs = pace.estimateKeyMs(sized)
  if (blockMs <= nodeTimeoutMs / 2) return
  emit({
    event: 'warning',
    message:
      `key ${printableKey(sized.key)} in slot ${slot} takes ${sized.bytes} bytes: moving it may block ${source.name} ` +
      `for about ${Math.round(blockMs)} ms, with a node timeout of ${nodeTimeoutMs} ms`,
  })
}
