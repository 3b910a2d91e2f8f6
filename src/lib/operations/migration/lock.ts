import {hostname} from 'node:os'
import {withDeadline} from '../../client/abort.js'
import {redirectionOf} from '../../client/migration/legacy.js'
import type {NodeConnection} from '../../client/node-connection.js'
import {NodeReplyError} from '../../client/reply-error.js'
import {CliError, messageOf} from '../../kernel/errors.js'
import type {Address} from '../../model/address.js'
import {ownersOf} from '../../model/cluster-map.js'
import type {NodeRecord} from '../../model/cluster-view.js'
import {hashSlot} from '../../protocol/hash-slot.js'
import type {ObservedCluster} from '../observe.js'

/**
 * Keeps two operators apart: a key in the cluster itself, which every Shoal looks for before it changes anything. It is
 * advisory, expires by itself, and may move with its slot like any other key.
 */
export const LOCK_KEY = '{shoal}:lock'
export const LOCK_TTL_MS = 10_000
const RENEW_MS = 3000
/** How long giving it back may take: a node that hangs must not hold up the end. */
const RELEASE_MS = 2000
const REDIRECTS_MAX = 8

/** Who holds the lock; stored as JSON. */
export interface LockOwner {
  readonly job: string
  readonly host: string
  readonly pid: number
  readonly since: string
}

export interface LockHandle {
  /** Aborted once the lock is lost to somebody else. */
  readonly lost: AbortSignal
  release(): Promise<void>
}

/** This process, as the owner of a lock for a job. */
export function lockOwner(jobId: string): LockOwner {
  return {job: jobId, host: hostname(), pid: process.pid, since: new Date().toISOString()}
}

/** A process of this machine that is gone left its lock behind. */
export function mayTakeOver(jobId: string): (present: LockOwner) => boolean {
  return ({host, job, pid}) => {
    if (host !== hostname()) return false
    if (job === jobId && pid === process.pid) return true
    try {
      process.kill(pid, 0)
      return false
    } catch (error) {
      return (error as {code?: string}).code === 'ESRCH'
    }
  }
}

/**
 * Takes the lock.
 *
 * @param mayTakeOver - whether a present owner is known to be gone
 * @returns undefined if the cluster does not let the key be written (no permission, out of memory): then the caller goes
 *   on without, `warn`ed
 * @throws {CliError} LOCKED if somebody else holds it
 */
export async function takeLock(
  cluster: ObservedCluster,
  owner: LockOwner,
  mayTakeOver: (present: LockOwner) => boolean,
  warn: (message: string) => void,
): Promise<LockHandle | undefined> {
  const token = JSON.stringify(owner)
  try {
    const taken = await callAnywhere(cluster, ['SET', LOCK_KEY, token, 'NX', 'PX', String(LOCK_TTL_MS)])
    if (taken === null) {
      const present = await callAnywhere(cluster, ['GET', LOCK_KEY])
      const holder = parseOwner(present)
      if (present !== null && !(holder && mayTakeOver(holder))) throw lockedError(holder)
      await callAnywhere(cluster, ['SET', LOCK_KEY, token, 'PX', String(LOCK_TTL_MS)])
    }
  } catch (error) {
    if (error instanceof CliError) throw error
    warn(`no lock was taken, so a second operator would not be noticed: ${messageOf(error)}`)
    return undefined
  }
  return keepLock(cluster, token)
}

/** Renews until released. GET then PEXPIRE is not atomic; the time to live leaves room for that. */
function keepLock(cluster: ObservedCluster, token: string): LockHandle {
  const lost = new AbortController()
  let renewing: Promise<void> = Promise.resolve()
  const renew = async () => {
    try {
      const present = await callAnywhere(cluster, ['GET', LOCK_KEY])
      if (present !== null && present !== token) lost.abort()
      else await callAnywhere(cluster, ['SET', LOCK_KEY, token, 'PX', String(LOCK_TTL_MS)])
    } catch {
      // One failed renewal is what the remaining time to live is for.
    }
  }
  const timer = setInterval(() => {
    renewing = renewing.then(renew)
  }, RENEW_MS)
  timer.unref()
  return {
    lost: lost.signal,
    async release() {
      clearInterval(timer)
      const giveBack = async () => {
        await renewing
        if ((await callAnywhere(cluster, ['GET', LOCK_KEY])) === token) await callAnywhere(cluster, ['DEL', LOCK_KEY])
      }
      try {
        await withDeadline(giveBack(), RELEASE_MS, () => new Error('the node of the lock does not answer'))
      } catch {
        // It expires by itself.
      }
    },
  }
}

function parseOwner(text: unknown): LockOwner | undefined {
  try {
    const owner = JSON.parse(String(text)) as Partial<LockOwner> | null
    return typeof owner?.job === 'string' && typeof owner.pid === 'number' ? (owner as LockOwner) : undefined
  } catch {
    return undefined
  }
}

function lockedError(holder: LockOwner | undefined): CliError {
  const who = holder ? `job ${holder.job} (pid ${holder.pid} on ${holder.host}, since ${holder.since})` : 'somebody'
  return new CliError('LOCKED', `${who} is changing this cluster`, {
    details: {key: LOCK_KEY, ...(holder && {holder: {...holder}})},
    suggestions: [`Wait for it to end; a lock that nobody renews expires after ${LOCK_TTL_MS / 1000} s.`],
  })
}

/**
 * Sends a command on the lock key to whoever serves it, following MOVED and ASK.
 *
 * @throws {NodeReplyError} on any other error reply
 */
async function callAnywhere(cluster: ObservedCluster, command: [string, ...string[]]): Promise<unknown> {
  const owner = ownersOf(cluster.view)[hashSlot(LOCK_KEY)]
  let link = owner === undefined ? undefined : cluster.connections.get(owner)
  link ??= [...cluster.connections.values()][0]
  let asking = false
  for (let hop = 0; link && hop < REDIRECTS_MAX; hop++) {
    const replies = await link.pipeline(asking ? [['ASKING'], command] : [command])
    const reply = replies.at(-1)
    if (!(reply instanceof NodeReplyError)) return reply
    const redirection = redirectionOf(reply)
    if (!redirection) throw reply
    asking = redirection.kind === 'ASK'
    link = linkAt(cluster, redirection.to)
  }
  throw new NodeReplyError('ERR the lock key cannot be reached')
}

/** Redirections name a node by its announced address or hostname; some nodes leave the host out. */
function linkAt(cluster: ObservedCluster, announced: Address): NodeConnection | undefined {
  const matches = ({address, hostname}: NodeRecord) =>
    address.port === announced.port && ['', address.host, hostname].includes(announced.host)
  const record = cluster.view.nodes.flatMap(({records}) => records).find(matches)
  return record && cluster.connections.get(record.id)
}
