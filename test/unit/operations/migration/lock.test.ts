import {expect, it, onTestFinished, vi} from 'vitest'
import {LOCK_KEY, lockOwner, takeLock} from '../../../../src/lib/operations/migration/lock.js'
import type {ObservedCluster} from '../../../../src/lib/operations/observe.js'

/** A cluster of one node that keeps the lock, until it `hangs`. */
function fakeCluster() {
  const held = new Map<string, string>()
  const node = {hangs: false}
  const pipeline = ([command]: readonly string[][]) => {
    if (node.hangs) return new Promise<never>(() => undefined)
    const [name, key = '', value = ''] = command as string[]
    if (name === 'SET') held.set(key, value)
    return Promise.resolve([
      name === 'GET' ? (held.get(key) ?? null) : name === 'DEL' ? Number(held.delete(key)) : 'OK',
    ])
  }
  const cluster = {view: {nodes: [], unreachable: []}, connections: new Map([['a', {pipeline}]])}
  return {cluster: cluster as unknown as ObservedCluster, held, node}
}

it('gives the lock back', async () => {
  const {cluster, held} = fakeCluster()
  const lock = await takeLock(
    cluster,
    lockOwner('job'),
    () => false,
    () => undefined,
  )
  expect(held.has(LOCK_KEY)).toBe(true)
  await lock?.release()
  expect(held.has(LOCK_KEY)).toBe(false)
})

it('leaves the lock to its time to live where its node hangs', async () => {
  vi.useFakeTimers({toFake: ['setTimeout', 'clearTimeout']})
  onTestFinished(() => void vi.useRealTimers())
  const {cluster, node} = fakeCluster()
  const lock = await takeLock(
    cluster,
    lockOwner('job'),
    () => false,
    () => undefined,
  )
  node.hangs = true
  const released = lock?.release()
  await vi.advanceTimersByTimeAsync(3000)
  await released
})
