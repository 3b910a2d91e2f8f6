import {availableParallelism} from 'node:os'
import {getHeapSpaceStatistics, setFlagsFromString} from 'node:v8'

/** Both halves of the young generation together, bytes: what it has grown to when a node has started. */
const SIZE_WANTED = 8 << 20
const LOOK_MS = 1000
const FEW_PROCESSORS = 2

/**
 * A node makes much short-lived garbage and keeps little of it, so a young collection takes a tenth of a millisecond on
 * one thread; waking helpers for it costs more than they do, above all on a busy machine.
 */
export function tuneCollections(): void {
  setFlagsFromString('--no-parallel-scavenge')
  // Several nodes on few processors: threads that mark beside one of them keep the others waiting.
  if (availableParallelism() <= FEW_PROCESSORS) setFlagsFromString('--no-concurrent-marking')
  boundGrowth()
}

/**
 * Keeps the young generation from growing to four times of that: a collection stops everything for as long as it copies
 * what survives, which is little but while much is loaded, and then all there is. (--max-semi-space-size would do it too,
 * but with it node does not use its compiled code, and starts slower by an eighth.) One that shrank may grow again.
 */
export function boundYoungGeneration(): void {
  boundGrowth()
  setInterval(boundGrowth, LOOK_MS).unref()
}

/** The next growth, which may come at any moment, goes up to what is wanted and not beyond. */
function boundGrowth(): void {
  const size = getHeapSpaceStatistics().find(({space_name}) => space_name === 'new_space')?.space_size ?? SIZE_WANTED
  setFlagsFromString(`--semi-space-growth-factor=${Math.max(1, Math.floor(SIZE_WANTED / size))}`)
}
