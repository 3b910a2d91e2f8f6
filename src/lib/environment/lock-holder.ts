import {existsSync} from 'node:fs'
import {readFile, rm, rmdir, stat, writeFile} from 'node:fs/promises'
import lockfile from 'proper-lockfile'
import {findProcess} from '../engine/process-table.js'

/**
 * Who holds a lock, so that one whose holder was killed is broken at once instead of after the time a lock without
 * renewal lasts. The lock is a folder; its holder stands in a file beside it, written after the folder was made and
 * removed before it is: a file that is older than the folder is of an earlier holder, and says nothing.
 */
interface Holder {
  readonly pid: number
  readonly startToken: string
}

const BREAK_STALE_MS = 5000

/** Says that this process holds the lock. */
export async function noteHolder(lockPath: string): Promise<void> {
  const own = await findProcess(process.pid)
  if (own)
    await writeFile(holderPath(lockPath), JSON.stringify({pid: own.pid, startToken: own.startToken}), {mode: 0o600})
}

/** Whether somebody holds the lock, or was killed holding it. */
export function isLockThere(lockPath: string): boolean {
  return existsSync(lockPath) || existsSync(holderPath(lockPath))
}

export async function forgetHolder(lockPath: string): Promise<void> {
  await rm(holderPath(lockPath), {force: true})
}

/** By its rightful holder: whoever was killed while it broke the lock of an earlier one has left its own. */
export async function forgetBreaker(lockPath: string): Promise<void> {
  await rmdir(breakPath(lockPath)).catch(() => undefined)
}

/** Removes a lock whose holder runs no more. Safe to call at any time, by several processes at once. */
export async function breakDeadLock(lockPath: string): Promise<void> {
  if (!(await isHolderDead(lockPath))) return
  // Only one may break it: another may have done so, and hold it itself by now.
  const release = await lockfile
    .lock(lockPath, {lockfilePath: breakPath(lockPath), realpath: false, stale: BREAK_STALE_MS})
    .catch(() => undefined)
  if (!release) return
  try {
    if (!(await isHolderDead(lockPath))) return
    await forgetHolder(lockPath)
    await rmdir(lockPath).catch(() => undefined)
  } finally {
    await release().catch(() => undefined)
  }
}

async function isHolderDead(lockPath: string): Promise<boolean> {
  try {
    const [text, file, folder] = await Promise.all([
      readFile(holderPath(lockPath), 'utf8'),
      stat(holderPath(lockPath)),
      stat(lockPath),
    ])
    const {pid, startToken} = JSON.parse(text) as Holder
    if (folder.birthtimeMs === 0 || file.mtimeMs < folder.birthtimeMs) return false
    return (await findProcess(pid))?.startToken !== startToken
  } catch {
    return false
  }
}

function breakPath(lockPath: string): string {
  return `${lockPath}.break`
}

function holderPath(lockPath: string): string {
  return `${lockPath}.holder`
}
