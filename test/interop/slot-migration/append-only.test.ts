import {readdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterAll, afterEach, beforeAll, beforeEach, expect, it} from 'vitest'
import {hashSlot} from '../../../src/lib/protocol/hash-slot.js'
import {describeWithPeers} from '../../support/peers.js'
import {waitFor} from '../../support/processes.js'
import {type AnyNode, waitForOneView} from '../mixed-cluster-support.js'
import {beginMove, jobOf, startCluster, untilState} from './support.js'

/** Long values, so that a copy takes long enough to be caught in the middle. */
const VALUE = 'v'.repeat(20_000)
const KEYS = Array.from({length: 1000}, (_, i) => `{hold}${i}`)
const SLOT = hashSlot('hold')
const AOF = ['--appendonly', 'yes', '--save', '', '--aof-use-rdb-preamble']

/** Keys that are in the data, hidden ones too. */
async function storedKeys(node: AnyNode): Promise<number> {
  return Number(/keys=(\d+)/.exec(String(await node.call('INFO', 'keyspace')))?.[1] ?? 0)
}

function fileText(node: AnyNode): string {
  const folder = join(node.folder, 'appendonlydir')
  return readdirSync(folder)
    .map((name) => readFileSync(join(folder, name), 'latin1'))
    .join('')
}

for (const [base, preamble] of [
  ['an RDB base', 'yes'],
  ['a base of commands', 'no'],
] as const) {
  describeWithPeers(`atomic migrations and append-only files with ${base}`, () => {
    let nodes: AnyNode[]
    let source: AnyNode
    let target: AnyNode

    beforeAll(async () => {
      nodes = await startCluster(2, 0, [...AOF, preamble])
      const [first, second] = nodes as [AnyNode, AnyNode]
      // 0-8191 are the first one's.
      source = SLOT <= 8191 ? first : second
      target = source === first ? second : first
    })

    afterAll(() => Promise.all(nodes.map((node) => node.stop())))

    afterEach(() => {
      for (const {pid} of nodes) {
        try {
          process.kill(pid, 'SIGCONT')
        } catch {
          // It was killed.
        }
      }
    })

    beforeEach(async () => {
      await source.call('MSET', ...KEYS.flatMap((key) => [key, VALUE]))
    })

    async function restartTarget(): Promise<void> {
      await target.kill()
      target = await target.restart()
      nodes.push(target)
    }

    async function restartSource(): Promise<void> {
      source = await source.restart()
      nodes.push(source)
      await waitForOneView([source, target])
    }

    async function exchangeRoles(): Promise<void> {
      await waitFor(async () => (await storedKeys(source)) === 0, {what: 'no key at the source'})
      ;[source, target] = [target, source]
    }

    /** A migration whose source stands still when the target has some of the keys. */
    async function heldImport(): Promise<string> {
      const name = await beginMove(source, target, SLOT, SLOT)
      await waitFor(async () => (await storedKeys(target)) > 0, {everyMs: 1, what: 'a key at the target'})
      process.kill(source.pid, 'SIGSTOP')
      expect((await jobOf(target, name))?.state).toBe('receiving-snapshot')
      return name
    }

    async function expectNothingLeft(): Promise<void> {
      expect(await target.call('DBSIZE')).toBe(0)
      await waitFor(async () => (await storedKeys(target)) === 0, {what: 'no hidden key at the target'})
      expect(await target.call('CLUSTER', 'NODES')).not.toMatch(/-<-/)
      // The file says so too, and that the import is over.
      await restartTarget()
      expect(await storedKeys(target)).toBe(0)
      expect(fileText(target)).toMatch(/FINISH.*failed/s)
    }

    async function expectAtSource(): Promise<void> {
      process.kill(source.pid, 'SIGCONT')
      await waitForOneView([source, target])
      expect(await source.call('DBSIZE')).toBe(KEYS.length)
      expect(await source.call('GET', KEYS[7] as string)).toBe(VALUE)
    }

    it('the target is killed amid the copy: what came is deleted; a second time it comes through', async () => {
      const held = await heldImport()
      await restartTarget()
      await expectNothingLeft()
      await expectAtSource()
      await untilState(source, held, 'failed')
      const name = await beginMove(source, target, SLOT, SLOT)
      await untilState(source, name, 'success')
      await restartTarget()
      await waitForOneView([source, target])
      expect(await target.call('DBSIZE')).toBe(KEYS.length)
      expect(await target.call('GET', KEYS[7] as string)).toBe(VALUE)
      await exchangeRoles()
    })

    it('so it is when its file was rewritten amid the copy', async () => {
      await heldImport()
      await target.call('BGREWRITEAOF')
      await waitFor(async () => /aof_rewrite_in_progress:0/.test(String(await target.call('INFO', 'persistence'))), {
        what: 'the rewritten file',
      })
      await restartTarget()
      await expectNothingLeft()
      await expectAtSource()
    })

    // What follows does not depend on the base.
    if (preamble === 'no') return

    it.each([['RELOAD'], ['LOADAOF']])('DEBUG %s amid the copy ends it', async (how) => {
      const name = await heldImport()
      await target.call('DEBUG', how)
      expect(await target.call('DBSIZE')).toBe(0)
      process.kill(source.pid, 'SIGCONT')
      await untilState(source, name, 'failed')
      await waitFor(async () => (await storedKeys(target)) === 0, {what: 'no hidden key at the target'})
      await restartTarget()
      expect(await storedKeys(target)).toBe(0)
      await expectAtSource()
    })

    it('the source is killed when it has given the slots away, with the keys: it deletes them', async () => {
      const name = await beginMove(source, target, SLOT, SLOT)
      await waitFor(async () => (await jobOf(target, name))?.state === 'success', {everyMs: 1, what: 'the hand-over'})
      await source.kill()
      expect(fileText(source)).toMatch(/HIDE/)
      expect(fileText(source)).not.toMatch(/SHOW\r\n\$10\r\nSLOTSRANGE\r\n[^*]*$/)
      await restartSource()
      expect(await source.call('DBSIZE')).toBe(0)
      await waitFor(async () => (await storedKeys(source)) === 0, {what: 'no key at the source'})
      expect(await source.call('CLUSTER', 'NODES')).not.toMatch(/-<-/)
      expect(await target.call('DBSIZE')).toBe(KEYS.length)
      await exchangeRoles()
    })

    it('the source is killed amid the copy: it keeps all', async () => {
      await heldImport()
      await source.kill()
      await restartSource()
      expect(await source.call('DBSIZE')).toBe(KEYS.length)
      await waitFor(async () => (await storedKeys(target)) === 0, {what: 'no hidden key at the target'})
    })
  })
}
