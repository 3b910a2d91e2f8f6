import {execFileSync} from 'node:child_process'
import {appendFileSync, cpSync, readdirSync, readFileSync, rmSync} from 'node:fs'
import {join} from 'node:path'
import {afterEach, describe, expect, it} from 'vitest'
import {encodeCommand} from '../../../src/lib/protocol/resp/encode-command.js'
import {describeWithPeers, peerProgram} from '../../support/peers.js'
import {inSync, type RegionNode, Regions, until} from './regions.js'
import {actorsOf, digestsOf, expectSame, fill, readersOf, writes} from './shards.js'

let regions = new Regions()

afterEach(async () => {
  await regions.stop()
  regions = new Regions()
})

const APPENDING = {appendfsync: 'always', appendonly: 'yes'}

async function save({opened}: RegionNode): Promise<void> {
  const error = await new Promise((resolve) => opened.inner.server.saving.start(resolve))
  expect(error).toBeUndefined()
}

async function restart(node: RegionNode): Promise<void> {
  await node.stop()
  await startAgain(node)
}

async function startAgain(node: RegionNode): Promise<void> {
  await node.startAgain()
  await until(async () => String(await node.call('CLUSTER', 'INFO')).includes('cluster_state:ok'), 'the cluster')
}

async function rewrite({opened}: RegionNode): Promise<void> {
  const {appendOnly} = opened.inner.server
  const {rewrites} = appendOnly
  appendOnly.request(false)
  await until(() => appendOnly.rewrites > rewrites && !appendOnly.isRewriting, 'the rewrite')
  expect(appendOnly.isRewriteOk).toBe(true)
}

describe('a node of an active-active database that starts again', () => {
  it('has all that its snapshot holds', async () => {
    const [node] = (await regions.start(1)) as [RegionNode]
    await fill(node)
    await save(node)
    const [digests, readers] = [digestsOf(node), await readersOf(node)]
    await restart(node)
    expect(digestsOf(node)).toEqual(digests)
    await expectSame(node)
    expect(await readersOf(node)).toEqual(readers)
    expect(await node.call('GET', 'count')).toBe('5')
    expect(await node.call('INCR', 'count')).toBe(6)
    expect(Number(await node.call('PTTL', 'long'))).toBeGreaterThan(90_000_000)
  })

  it('has all that its append-only file holds, before and after a rewrite', async () => {
    const [node] = (await regions.start(1, APPENDING)) as [RegionNode]
    await fill(node)
    for (let round = 0; round < 2; round++) {
      const [digests, readers] = [digestsOf(node), await readersOf(node)]
      await restart(node)
      expect(digestsOf(node)).toEqual(digests)
      await expectSame(node)
      expect(await readersOf(node)).toEqual(readers)
      await rewrite(node)
      await node.call('INCR', 'count')
      await node.call('MULTI')
      await node.call('SET', '{t}one', String(round))
      await node.call('SET', '{t}two', String(round))
      await node.call('EXEC')
    }
    await restart(node)
    expect(await node.call('GET', 'count')).toBe('7')
    expect([await node.call('GET', '{t}one'), await node.call('GET', '{t}two')]).toEqual(['1', '1'])
  })

  it('gets from other regions what it did not save, and names nothing twice', async () => {
    const [a, b] = (await regions.start(2)) as [RegionNode, RegionNode]
    await a.call('INCRBY', 'count', '5')
    await a.call('SADD', 'set', 'x', 'y')
    await b.call('INCRBY', 'count', '7')
    await expectSame(a, b)
    const [before] = [actorsOf(a)]
    await restart(a)
    await inSync(a)
    await writes(a, 'SREM', 'set', 'x')
    await a.call('INCRBY', 'count', '100')
    await expectSame(a, b)
    expect(await b.call('GET', 'count')).toBe('112')
    expect(await b.call('SMEMBERS', 'set')).toEqual(['y'])
    expect([...actorsOf(a)].filter((one) => !before.has(one))).toHaveLength(1)
  })

  it('takes no writes with all lost before it has heard of the others', async () => {
    const [a, b] = (await regions.start(2)) as [RegionNode, RegionNode]
    await a.call('INCR', 'count')
    await until(async () => (await b.call('GET', 'count')) === '1', 'the write in the other region')
    await a.stop()
    await b.stop()
    await a.startAgain()
    const refusals: string[] = []
    await until(async () => {
      const error = await a.call('INCR', 'count').catch((reason: Error) => reason.message)
      refusals.push(String(error))
      return !String(error).startsWith('CLUSTERDOWN')
    }, 'the cluster')
    expect(refusals.at(-1)).toMatch(/^OUTOFSYNC/)
    await b.startAgain()
  })

  it('does not use the names of writes that its file has lost', async () => {
    const [a, b] = (await regions.start(2, APPENDING)) as [RegionNode, RegionNode]
    await a.call('INCRBY', 'count', '5')
    const [files, copy] = ['appendonlydir', 'copy'].map((name) => join(a.folder, name)) as [string, string]
    cpSync(files, copy, {recursive: true})
    await a.call('INCRBY', 'count', '10')
    await a.call('SET', 'key', 'lost here')
    await expectSame(a, b)
    await a.stop()
    rmSync(files, {recursive: true})
    cpSync(copy, files, {recursive: true})
    b.crdt!.peers!.cut([1])
    await startAgain(a)
    // Without the other region, which cannot tell what is missing.
    await writes(a, 'INCRBY', 'count', '100')
    await a.call('SET', 'key', 'anew')
    expect(await a.call('GET', 'count')).toBe('105')
    b.crdt!.peers!.cut([])
    await until(async () => (await b.call('GET', 'count')) === '115', 'all increments')
    await expectSame(a, b)
    expect(await b.call('GET', 'key')).toBe('anew')
  }, 40_000)

  it('has all of the pipelines that it had answered when it ended', async () => {
    const [node] = (await regions.start(1, APPENDING)) as [RegionNode]
    const commands = Array.from({length: 1500}, (_, i) => [
      ['INCR', 'count'],
      ['SADD', 'set', `member:${i}`],
      ['SADD', 'set', `more:${i}`],
      ['SET', `key:${i}`, String(i)],
    ]).flat()
    await Promise.all(commands.map((argv) => node.call(...argv)))
    const [files, copy] = ['appendonlydir', 'copy'].map((name) => join(node.folder, name)) as [string, string]
    cpSync(files, copy, {recursive: true})
    const digests = digestsOf(node)
    // Or this would show nothing of what goes out together.
    expect(node.crdt!.peers!.ring.end).toBeLessThan(commands.length)
    await node.stop()
    rmSync(files, {recursive: true})
    cpSync(copy, files, {recursive: true})
    await startAgain(node)
    expect(digestsOf(node)).toEqual(digests)
    expect([await node.call('GET', 'count'), await node.call('SCARD', 'set')]).toEqual(['1500', 3000])
    await expectSame(node)
  })

  for (const isRewritten of [false, true]) {
    const base = isRewritten ? 'its base holds the state' : 'it holds effects alone'
    it(`brings nothing back of a database that it left, from a file that was not written anew: ${base}`, async () => {
      const [node] = (await regions.start(1, APPENDING)) as [RegionNode]
      await fill(node)
      if (isRewritten) await rewrite(node)
      await node.call('SET', 'key', 'of the database')
      const [files, copy] = ['appendonlydir', 'copy'].map((name) => join(node.folder, name)) as [string, string]
      cpSync(files, copy, {recursive: true})
      expect(await node.call('CRDT.CONFIG', 'DROP')).toBe('OK')
      await node.stop()
      // As if it had ended before the file was written anew, and after a client's write.
      rmSync(files, {recursive: true})
      cpSync(copy, files, {recursive: true})
      const incremental = readdirSync(files).filter((name) => name.endsWith('.incr.aof'))
      appendFileSync(join(files, incremental.sort().at(-1)!), encodeCommand(['SET', 'plain', '1']), 'latin1')
      for (let round = 0; round < 2; round++) {
        await startAgain(node)
        expect(await node.call('CRDT.CONFIG', 'GET')).toBeNull()
        expect([await node.call('DBSIZE'), await node.call('GET', 'plain')]).toEqual([1, '1'])
        const {appendOnly} = node.opened.inner.server
        await until(() => !appendOnly.isScheduled && !appendOnly.isRewriting, 'the rewrite')
        const text = readdirSync(files).map((name) => readFileSync(join(files, name), 'latin1'))
        expect(text.join('')).not.toMatch(/CRDT\.EFFECT|shoal-crdb/)
        await node.stop()
      }
      await startAgain(node)
    })
  }

  it('leaves out keys of a file of before the database', async () => {
    const node = await regions.openRegion()
    await node.call('SET', 'plain', '1')
    await save(node)
    await node.call('DEL', 'plain')
    await regions.join([node])
    await node.call('SET', 'key', '1')
    await restart(node)
    expect(await node.call('GET', 'plain')).toBeNull()
    expect(await node.call('DBSIZE')).toBe(0)
  })
})

describeWithPeers('a snapshot of an active-active database', () => {
  it('is a whole file to redis-check-rdb', async () => {
    const [node] = (await regions.start(1)) as [RegionNode]
    await fill(node)
    await save(node)
    const checked = execFileSync(peerProgram('redis-check-rdb'), [join(node.folder, 'dump.rdb')], {encoding: 'utf8'})
    expect(checked).toContain('RDB looks OK!')
    expect(checked).toContain('MODULE AUX for: shoalcrdt')
    // Not a line for each slot.
    expect(checked.split('MODULE AUX').length).toBeLessThan(5)
  })
})
