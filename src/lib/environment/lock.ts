import {join} from 'node:path'
import {setTimeout as delay} from 'node:timers/promises'
import lockfile from 'proper-lockfile'
import {CliError} from '../kernel/errors.js'
import {breakDeadLock, forgetBreaker, forgetHolder, noteHolder} from './lock-holder.js'
import type {EnvironmentStore} from './store.js'

/** Where nobody can tell that a holder was killed, its lock outlives it for at most this long. */
const STALE_MS = 5000
const UPDATE_MS = 1000
const WAIT_MS_MAX = 60_000
const POLL_MS = 50

/**
 * Runs `body` while no other process changes the environment. Another `up` or `down` is waited for, with a bound.
 *
 * @param body - its signal is the caller's, and is also aborted if the lock is lost
 * @throws {CliError} LOCKED if the other one takes too long or this one was too slow to keep the lock; INTERRUPTED
 */
export async function withEnvironmentLock<T>(
  store: EnvironmentStore,
  name: string,
  signal: AbortSignal,
  body: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const topmost = await store.makeFolder()
  const lost = new AbortController()
  try {
    const release = await acquire(store, name, signal, () => lost.abort())
    try {
      return await body(AbortSignal.any([signal, lost.signal]))
    } catch (error) {
      if (!lost.signal.aborted || signal.aborted) throw error
      throw new CliError('LOCKED', `the lock of environment ${name} was lost to another process`, {cause: error})
    } finally {
      await forgetHolder(store.lockPath(name))
      await forgetBreaker(store.lockPath(name))
      await release().catch(() => undefined)
    }
  } finally {
    await store.prune(topmost)
  }
}

async function acquire(
  store: EnvironmentStore,
  name: string,
  signal: AbortSignal,
  onCompromised: () => void,
): Promise<() => Promise<void>> {
  const deadline = performance.now() + WAIT_MS_MAX
  for (;;) {
    if (signal.aborted) throw new CliError('INTERRUPTED', 'interrupted')
    try {
      // By another name for each: what is locked under one name, the library takes for one lock of this process.
      const release = await lockfile.lock(join(store.folder, name), {
        lockfilePath: store.lockPath(name),
        onCompromised,
        realpath: false,
        stale: STALE_MS,
        update: UPDATE_MS,
      })
      await noteHolder(store.lockPath(name))
      return release
    } catch (error) {
      const {code} = error as NodeJS.ErrnoException
      // Another process may just have pruned the folder.
      if (code === 'ENOENT') await store.makeFolder()
      else if (code === 'ELOCKED') await breakDeadLock(store.lockPath(name))
      else throw error
    }
    if (performance.now() > deadline) {
      throw new CliError('LOCKED', `another shoal process is changing environment ${name}`)
    }
    await delay(POLL_MS)
  }
}
