/** How many migrations are remembered, running ones not counted. */
export const LOG_LENGTH_MAX = 1000
/** For how long pieces of a copy are made in one turn of the loop, in microseconds. */
export const COPY_TURN_US = 2000
/** No more of a copy is made while the kernel has not taken this much. */
export const COPY_UNSENT_BYTES_MAX = 4 * 1024 * 1024
/** Writes are paused once the target is no further behind than this. */
export const PAUSE_BEHIND_BYTES_MAX = 256 * 1024
/** Writes wait no longer than this for a target that does not answer; it has no grant yet. */
export const PAUSE_MS_MAX = 5000
/** A grant is answered at once; after this the target is asked what became of it, on another connection. */
export const GRANT_ANSWER_MS_MAX = 2000
/** Between two attempts to ask. */
export const ASK_AGAIN_MS = 500
/** The target waits this long for its replicas to have the keys. */
export const REPLICAS_WAIT_MS_MAX = 500
/** A target makes use of a grant only so long after it asked: its source may be another process by then. */
export const GRANT_USE_MS_MAX = 1500
/** Replicas of the source hear of the new owner before its deletions. */
export const PURGE_DELAY_MS = 200
/** A source has so long to read why its target gave up. */
export const LINGER_MS = 5000
/** Each end says something at least this often. */
export const PING_MS = 1000
