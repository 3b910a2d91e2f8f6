import type {Client} from '../client.js'

/** What the first line of a script or a function's registration allows; bits of `ScriptRun.flags`. */
export const SCRIPT_FLAGS = {
  'no-writes': 1,
  'allow-oom': 2,
  'allow-stale': 4,
  'no-cluster': 8,
  'allow-cross-slot-keys': 16,
} as const
export const NO_WRITES = SCRIPT_FLAGS['no-writes']
export const ALLOW_OOM = SCRIPT_FLAGS['allow-oom']
export const ALLOW_STALE = SCRIPT_FLAGS['allow-stale']
export const NO_CLUSTER = SCRIPT_FLAGS['no-cluster']
export const ALLOW_CROSS_SLOT = SCRIPT_FLAGS['allow-cross-slot-keys']
/** A script without a first line that names flags: as before Redis 7, all is allowed. */
export const COMPATIBLE = 32

export function flagBit(word: string): number | undefined {
  return Object.hasOwn(SCRIPT_FLAGS, word) ? SCRIPT_FLAGS[word as keyof typeof SCRIPT_FLAGS] : undefined
}

/** The words of a set of flags, in Redis's order. */
export function flagWords(flags: number): string[] {
  return Object.entries(SCRIPT_FLAGS).flatMap(([word, bit]) => ((flags & bit) === 0 ? [] : [word]))
}

/** One call of a script or function. */
export interface ScriptRun {
  readonly kind: 'eval' | 'function'
  /** The script's SHA-1, or the function's name: errors end with it. */
  readonly name: string
  readonly flags: number
  readonly isReadonly: boolean
  readonly caller: Client
  readonly argv: readonly string[]
  readonly startedUs: number
  /** The clock that its commands see stands still. */
  readonly nowMs: number
  /** Commands that write were called: it cannot be killed any more. */
  hasWritten: boolean
  isKilled: boolean
  /** More was used than maxmemory allows when it began, and it does not bear with that. */
  readonly isOutOfMemory: boolean
  /** It took longer than busy-reply-threshold: others are told so instead of waiting. */
  isBusy: boolean
  /** When it began or last went on, in monotonic microseconds. */
  sliceStartedUs: number
}
