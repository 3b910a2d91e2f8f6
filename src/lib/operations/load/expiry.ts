import type {WireReply} from '../../client/migration/reply-reader.js'
import type {WireCommand} from '../../client/migration/wire.js'

/** How a node is asked when a key expires. */
export interface ExpiryDialect {
  /** PEXPIRETIME, which Redis has since 7.0; else PTTL, and the node's clock. */
  readonly absolute: boolean
  /** The node's clock less ours, in milliseconds; undefined if it does not tell. */
  readonly clockOffsetMs: number | undefined
}

export function expiryCommand({absolute}: ExpiryDialect, key: string): WireCommand {
  return [absolute ? 'PEXPIRETIME' : 'PTTL', key]
}

/** @returns unix milliseconds; undefined if the key does not expire, or is not there */
export function expiryIn({absolute, clockOffsetMs}: ExpiryDialect, reply: WireReply | undefined): number | undefined {
  if (typeof reply !== 'number' || reply < 0) return undefined
  return absolute ? reply : Date.now() + (clockOffsetMs ?? 0) + reply
}

/** @returns unix milliseconds of TIME's reply; undefined if the node does not tell */
export function timeIn(reply: unknown): number | undefined {
  if (!Array.isArray(reply) || reply.length !== 2) return undefined
  const ms = Number(reply[0]) * 1000 + Number(reply[1]) / 1000
  return Number.isFinite(ms) ? ms : undefined
}

/** Whether a deadline is past by the nodes' clocks, as far as they tell. @param at - unix milliseconds; undefined for none */
export function isPast(at: number | undefined, {clockOffsetMs}: ExpiryDialect): boolean {
  return at !== undefined && at <= Date.now() + (clockOffsetMs ?? 0)
}
