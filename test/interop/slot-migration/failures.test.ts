import {afterAll, beforeAll, beforeEach, expect, it} from 'vitest'
import {hashSlot} from '../../../src/lib/protocol/hash-slot.js'
import {callRedis, describeWithPeers} from '../../support/peers.js'
import {waitFor} from '../../support/processes.js'
import {type AnyNode, waitForOneView} from '../mixed-cluster-support.js'
import {beginMove, beginMoveTo, idOf, jobOf, move, startCluster, untilState} from './support.js'

/** Long values, so that a target that stands still keeps the copy from its end. */
const VALUE = 'v'.repeat(20_000)
const KEYS = Array.from({length: 2000}, (_, i) => `{hold}${i}`)
const SLOT = hashSlot('hold')

describeWithPeers('an atomic migration that fails', () => {
  let nodes: AnyNode[]
  let source: AnyNode
  let target: AnyNode

  beforeAll(async () => {
    nodes = await startCluster(3)
    const [first, second] = nodes as [AnyNode, AnyNode]
    // 0-5460 are the first one's.
    source = SLOT <= 5460 ? first : second
    target = source === first ? second : first
  })

  afterAll(() => Promise.all(nodes.map((node) => node.stop())))

  beforeEach(async () => {
    await source.call('MSET', ...KEYS.flatMap((key) => [key, VALUE]))
  })

  /** A migration that does not get on, since the target is frozen. */
  async function heldMove(): Promise<string> {
    const id = await idOf(target)
    process.kill(target.pid, 'SIGSTOP')
    return await beginMoveTo(source, id, SLOT, SLOT)
  }

  async function heldCopy(): Promise<string> {
    const name = await beginMove(source, target, SLOT, SLOT)
    await untilState(source, name, 'snapshotting', 'replicating', 'success')
    process.kill(target.pid, 'SIGSTOP')
    return name
  }

  function resume(pid: number): void {
    try {
      process.kill(pid, 'SIGCONT')
    } catch {
      // It is gone.
    }
  }

  async function expectAtSource(): Promise<void> {
    expect(await source.call('CLUSTER', 'COUNTKEYSINSLOT', SLOT)).toBe(KEYS.length)
    expect(await source.call('GET', KEYS[7] as string)).toBe(VALUE)
    expect(await source.call('SET', KEYS[7] as string, VALUE)).toBe('OK')
  }

  async function expectCleanTarget(): Promise<void> {
    await waitFor(async () => Number(await target.call('DBSIZE')) === 0, {what: 'no key at the target'})
    await waitFor(async () => /keys=/.test(String(await target.call('INFO', 'keyspace'))) === false, {
      what: 'no hidden key at the target',
    })
  }

  it('is cancelled: the keys stay, the target forgets what it got', async () => {
    const name = await heldMove()
    expect(await source.call('CLUSTER', 'CANCELSLOTMIGRATIONS')).toBe('OK')
    expect(await jobOf(source, name)).toMatchObject({state: 'cancelled'})
    resume(target.pid)
    await expectAtSource()
    await expectCleanTarget()
    await expect(source.call('CLUSTER', 'CANCELSLOTMIGRATIONS')).rejects.toThrow('No migrations ongoing')
    await move(source, target, SLOT, SLOT)
    expect(await target.call('CLUSTER', 'COUNTKEYSINSLOT', SLOT)).toBe(KEYS.length)
    await move(target, source, SLOT, SLOT)
    await expectAtSource()
  })

  it('ends at FLUSHALL at either end', async () => {
    const name = await heldCopy()
    await source.call('FLUSHALL')
    resume(target.pid)
    expect((await untilState(source, name, 'failed', 'success')).message).toMatch(/flushed/)
    await expectCleanTarget()
    await source.call('MSET', ...KEYS.flatMap((key) => [key, VALUE]))
    const second = await beginMove(source, target, SLOT, SLOT)
    await untilState(target, second, 'receiving-snapshot', 'success')
    await target.call('FLUSHALL')
    const job = await untilState(source, second, 'failed', 'success')
    if (job.state === 'failed') await expectAtSource()
  })

  it('ends when the target has no memory for it', async () => {
    await target.call('CONFIG', 'SET', 'maxmemory', '2mb')
    const name = await beginMove(source, target, SLOT, SLOT)
    expect((await untilState(source, name, 'failed', 'success')).message).toMatch(/OOM/)
    await expectAtSource()
    await expectCleanTarget()
    await target.call('CONFIG', 'SET', 'maxmemory', 0)
  })

  it('ends when the target asks for a password that the source lacks, and goes on once it has it', async () => {
    const id = await idOf(target)
    await target.call('CONFIG', 'SET', 'requirepass', 'secret')
    const name = await beginMoveTo(source, id, SLOT, SLOT)
    expect((await untilState(source, name, 'failed', 'success')).message).toMatch(/NOAUTH/)
    await source.call('CONFIG', 'SET', 'masterauth', 'wrong')
    const second = await beginMoveTo(source, id, SLOT, SLOT)
    expect((await untilState(source, second, 'failed', 'success')).message).toMatch(/Failed to AUTH .*WRONGPASS/)
    await source.call('CONFIG', 'SET', 'masterauth', 'secret')
    const third = await beginMoveTo(source, id, SLOT, SLOT)
    expect(await untilState(source, third, 'failed', 'success')).toMatchObject({state: 'success'})
    await callRedis(target.port, ['CONFIG', 'SET', 'requirepass', ''], 'secret')
    await source.call('CONFIG', 'SET', 'masterauth', '')
    await move(target, source, SLOT, SLOT)
  })

  it('is refused as Valkey does', async () => {
    const [own, other] = [await idOf(source), await idOf(target)]
    const start = (...words: (string | number)[]) => source.call('CLUSTER', 'MIGRATESLOTS', ...words)
    await expect(start('SLOTSRANGE', SLOT, SLOT, 'NODE', 'f'.repeat(40))).rejects.toThrow('Unknown node name')
    await expect(start('SLOTSRANGE', SLOT, SLOT, 'NODE', own)).rejects.toThrow('Target node can not be this node')
    await expect(start('SLOTSRANGE', SLOT, 'NODE', other)).rejects.toThrow()
    await expect(start('SLOTSRANGE', 16000, 16000, 'NODE', other)).rejects.toThrow('not served by this node')
    await expect(start('SLOTSRANGE', SLOT, 16000, 'NODE', other)).rejects.toThrow('multiple shards')
    await expect(start('SLOTSRANGE', SLOT, SLOT, SLOT, SLOT, 'NODE', other)).rejects.toThrow('overlap')
    await expect(start('SLOTS', SLOT, SLOT, 'NODE', other, 'x')).rejects.toThrow('syntax error')
    await expect(start('SLOTSRANGE', SLOT, 16384, 'NODE', other)).rejects.toThrow('out of range slot')
    await source.call('CLUSTER', 'SETSLOT', SLOT, 'MIGRATING', other)
    await expect(start('SLOTSRANGE', SLOT, SLOT, 'NODE', other)).rejects.toThrow('manually migrated')
    await source.call('CLUSTER', 'SETSLOT', SLOT, 'STABLE')
    await heldMove()
    await expect(start('SLOTSRANGE', SLOT, SLOT, 'NODE', other)).rejects.toThrow(`already migrating slot ${SLOT}`)
    await expect(source.call('CLUSTER', 'SETSLOT', SLOT, 'MIGRATING', other)).rejects.toThrow('is being migrated')
    expect(await source.call('CLUSTER', 'CANCELSLOTMIGRATIONS')).toBe('OK')
    resume(target.pid)
    await expectCleanTarget()
  })

  it('loses its target, which comes back', async () => {
    const name = await heldCopy()
    await target.kill()
    const job = await untilState(source, name, 'failed', 'success')
    expect(job.message).toMatch(/Connection lost to target/)
    await expectAtSource()
    target = await target.restart()
    nodes.push(target)
    await waitForOneView([source, target])
    await expectCleanTarget()
  })
})
