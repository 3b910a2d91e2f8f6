import type {Address} from '../../model/address.js'
import type {NodeId} from '../../model/node-id.js'
import {toWireText} from '../../protocol/resp/encode-command.js'
import {NodeReplyError} from '../reply-error.js'
import type {WireReply} from './reply-reader.js'
import type {WireCommand} from './wire.js'

/**
 * The legacy dialect of moving slots, which every Redis and Valkey speaks: SETSLOT on both sides and MIGRATE per batch of
 * keys. Here are its commands and what its replies mean; when to send which is the engine's business.
 */

export function setImporting(slot: number, from: NodeId): WireCommand {
  return ['CLUSTER', 'SETSLOT', String(slot), 'IMPORTING', from]
}

export function setMigrating(slot: number, to: NodeId): WireCommand {
  return ['CLUSTER', 'SETSLOT', String(slot), 'MIGRATING', to]
}

export function setOwner(slot: number, owner: NodeId): WireCommand {
  return ['CLUSTER', 'SETSLOT', String(slot), 'NODE', owner]
}

/**
 * Makes the target the owner of many slots at a time, for the target's own ears.
 *
 * `NODE` on a slot that is being imported bumps the epoch and broadcasts a PONG to every node, and each of them goes
 * through all 16384 slots because of it: with dozens of slots that is most of what a hand-over costs. So only the first
 * slot is taken that way, which settles the epoch, and the last, whose PONG tells of all; those between are made STABLE
 * and taken in silence. Should a redirected client come between the two, it is sent back to the source and asks again.
 */
export function takeSlots(slots: readonly number[], target: NodeId): WireCommand[] {
  return slots.flatMap((slot, index) => {
    const loud = index === 0 || index === slots.length - 1
    return loud ? [setOwner(slot, target)] : [setStable(slot), setOwner(slot, target)]
  })
}

export function setStable(slot: number): WireCommand {
  return ['CLUSTER', 'SETSLOT', String(slot), 'STABLE']
}

export function keysInSlot(slot: number, count: number): WireCommand {
  return ['CLUSTER', 'GETKEYSINSLOT', String(slot), String(count)]
}

export function countKeysInSlot(slot: number): WireCommand {
  return ['CLUSTER', 'COUNTKEYSINSLOT', String(slot)]
}

/** Puts a dumped key into a slot that is being imported, as MIGRATE does. `ttlMs` 0 = no expiry. */
export function restoreKey(copy: {
  readonly key: string
  readonly payload: string
  readonly ttlMs: number
}): WireCommand {
  return ['RESTORE-ASKING', copy.key, String(copy.ttlMs), copy.payload]
}

/** @param copies - of one slot, not empty */
export function deleteKeys(copies: readonly {readonly key: string}[]): WireCommand {
  return ['DEL', ...copies.map(({key}) => key)]
}

/**
 * KEYS: what to delete; ARGV: slot, node. A command of a transaction that is refused keeps none of the others from being
 * carried out, so it takes a script to delete only if the source redirects, and to redirect only if it deletes.
 */
const SWITCH_SCRIPT = [
  "local told = redis.pcall('CLUSTER', 'SETSLOT', ARGV[1], 'MIGRATING', ARGV[2])",
  'if told.err then return told end',
  "local deleted = redis.pcall('DEL', unpack(KEYS))",
  "if type(deleted) == 'table' then redis.call('CLUSTER', 'SETSLOT', ARGV[1], 'STABLE') end",
  'return deleted',
].join('\n')

/**
 * Has the source delete the keys and send clients to the target for them: both, or neither. Answered by the number of
 * keys deleted, or by an error after which all is as it was.
 *
 * @param copies - of the slot, a few hundred at most; none are all right
 */
export function switchSlot(slot: number, to: NodeId, copies: readonly {readonly key: string}[]): WireCommand {
  if (copies.length === 0) return setMigrating(slot, to)
  return ['EVAL', SWITCH_SCRIPT, String(copies.length), ...copies.map(({key}) => key), String(slot), to]
}

export interface MigrateOptions {
  /** Of the target, as the source sees it. */
  readonly host: string
  readonly port: number
  readonly username?: string | undefined
  readonly password?: string | undefined
  readonly timeoutMs: number
  readonly replace: boolean
}

/** @param keys - of one slot, latin1 text, not empty */
export function migrateKeys(keys: readonly string[], options: MigrateOptions): WireCommand {
  const {host, password, port, replace, timeoutMs, username} = options
  const command = ['MIGRATE', host, String(port), '', '0', String(Math.ceil(timeoutMs))]
  if (replace) command.push('REPLACE')
  if (password !== undefined) {
    if (username === undefined) command.push('AUTH', toWireText(password))
    else command.push('AUTH2', toWireText(username), toWireText(password))
  }
  command.push('KEYS', ...keys)
  return command
}

/** What an error reply to MIGRATE asks for. */
export type MigrateFailure =
  /** The target holds a key of that name. */
  | 'busy-key'
  /** It may pass by itself: ask again shortly. */
  | 'transient'
  /** The source does not serve the slot any more. */
  | 'lost-slot'
  | 'fatal'

export function classifyMigrateFailure({code, message}: NodeReplyError): MigrateFailure {
  if (/\bBUSYKEY\b/.test(message)) return 'busy-key'
  if (/\b(?:TRYAGAIN|IOERR|CLUSTERDOWN|LOADING|MASTERDOWN|BUSY)\b/.test(message)) return 'transient'
  if (code === 'MOVED' || code === 'ASK' || code === 'READONLY') return 'lost-slot'
  return 'fatal'
}

/** A MIGRATE that broke off: the target may have taken its keys. */
export function isUnanswered({message}: NodeReplyError): boolean {
  return /\bIOERR\b/.test(message)
}

/** `SETSLOT n IMPORTING` on a node that owns slot n: the move was done before. */
export function isAlreadyOwner(reply: WireReply | undefined): boolean {
  return reply instanceof NodeReplyError && /already the owner/.test(reply.message)
}

/** `SETSLOT n MIGRATING` on a node that does not own slot n. */
export function isNotOwner(reply: WireReply | undefined): boolean {
  return reply instanceof NodeReplyError && /not the owner/.test(reply.message)
}

/** SETSLOT on a replica; a primary that gives away its last slot becomes one. */
export function isNotPrimary(reply: WireReply | undefined): boolean {
  return reply instanceof NodeReplyError && /only with masters|only with primaries/i.test(reply.message)
}

/** `ASK 3999 127.0.0.1:7001`, `MOVED ...`: where a node sends the client; the host may be empty. */
export function redirectionOf({
  message,
}: NodeReplyError): {readonly kind: 'ASK' | 'MOVED'; readonly to: Address} | undefined {
  const match = /^(ASK|MOVED) \d+ (.*):(\d+)$/.exec(message)
  if (!match) return undefined
  return {kind: match[1] as 'ASK' | 'MOVED', to: {host: match[2] as string, port: Number(match[3])}}
}
