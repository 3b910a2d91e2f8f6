/**
 * An error reply. The message is the whole text with its code: `ERR syntax error`, `WRONGTYPE ...`, `MOVED 1 host:port`.
 *
 * Handlers throw it before they have written anything to the reply.
 */
export class ReplyError extends Error {
  override readonly name = 'ReplyError'
}

export const SYNTAX_ERROR = 'ERR syntax error'
export const NOT_AN_INTEGER = 'ERR value is not an integer or out of range'
export const NOT_A_FLOAT = 'ERR value is not a valid float'
export const WRONG_TYPE = 'WRONGTYPE Operation against a key holding the wrong kind of value'
export const NO_SUCH_KEY = 'ERR no such key'
/** Of replication: what a role does not allow. */
export const READ_ONLY_REPLICA = "READONLY You can't write against a read only replica."
export const NO_REPLICAS = 'NOREPLICAS Not enough good replicas to write.'
export const PRIMARY_DOWN = "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'."

/** A bug of ours. */
export const INTERNAL_ERROR = 'ERR internal error, see the log of this node'
/** What redis-server would hold and send, and no string here can. */
export const TOO_LONG = 'ERR the reply or the value would be longer than the 512 MiB that this node can put together'
