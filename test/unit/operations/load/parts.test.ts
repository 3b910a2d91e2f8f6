import {existsSync, readdirSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {describe, expect, it} from 'vitest'
import {BatchQueue} from '../../../../src/lib/operations/load/batch-queue.js'
import {ByteGate} from '../../../../src/lib/operations/load/byte-gate.js'
import {Checkpoint, importsFolder} from '../../../../src/lib/operations/load/checkpoint.js'
import {addTotals, PageOrder, TOTALS_NONE} from '../../../../src/lib/operations/load/page-order.js'
import {cutIntoChunks} from '../../../../src/lib/operations/load/source-reader.js'
import {temporaryFolder} from '../../../support/processes.js'

const MB = 1024 * 1024

describe('BatchQueue', () => {
  it('gives out batches by count and bytes, in order, and a big task with what came before', () => {
    const queue = new BatchQueue<{id: number; bytes: number}>()
    for (let id = 0; id < 300; id++) queue.push({id, bytes: 1})
    queue.push({id: 300, bytes: 10 * MB})
    queue.push({id: 301, bytes: 1})
    const batches = [queue.take(), queue.take(), queue.take(), queue.take()]
    expect(batches.map((batch) => batch.length)).toEqual([256, 45, 1, 0])
    expect(batches.flat().map(({id}) => id)).toEqual(Array.from({length: 302}, (_, id) => id))
    queue.push({id: 1, bytes: 1})
    expect([queue.length, queue.takeAll().length, queue.length]).toEqual([1, 1, 0])
  })
})

describe('ByteGate', () => {
  it('lets in what fits, in order, and what is bigger than the limit alone', async () => {
    const gate = new ByteGate(10)
    const entered: string[] = []
    const enter = (name: string, bytes: number) => gate.take(bytes).then(() => entered.push(name))
    const all = [enter('a', 6), enter('b', 4), enter('huge', 50), enter('c', 1)]
    await Promise.resolve()
    expect(entered).toEqual(['a', 'b'])
    gate.give(6)
    await Promise.resolve()
    expect(entered).toEqual(['a', 'b'])
    gate.give(4)
    await Promise.resolve()
    expect(entered).toEqual(['a', 'b', 'huge'])
    gate.give(50)
    await Promise.all(all)
    expect(entered).toEqual(['a', 'b', 'huge', 'c'])
  })
})

describe('cutIntoChunks', () => {
  it('keeps chunks below a megabyte, and a bigger key alone', () => {
    const keys = [300_000, 600_000, 300_000, 5 * MB, 1, 1].map((bytes, index) => ({key: `k${index}`, bytes}))
    expect(cutIntoChunks(keys).map((chunk) => chunk.map(({key}) => key).join())).toEqual(['k0,k1', 'k2', 'k3', 'k4,k5'])
    expect(cutIntoChunks([])).toEqual([])
  })
})

describe('PageOrder', () => {
  it('moves on only over pages that are all done', () => {
    const order = new PageOrder('5', {...TOTALS_NONE, scanned: 100})
    expect(order.end(1, '7', {scanned: 10})).toBe(false)
    expect(order.end(2, '8', {scanned: 10})).toBe(false)
    expect([order.cursor, order.totals.scanned]).toEqual(['5', 100])
    expect(order.end(0, '6', {scanned: 10, written: 4})).toBe(true)
    expect([order.cursor, order.totals.scanned, order.totals.written]).toEqual(['8', 130, 4])
  })

  it('adds what is named', () => {
    expect(addTotals({...TOTALS_NONE, kept: 1}, {kept: 2, bytes: 5})).toEqual({...TOTALS_NONE, kept: 3, bytes: 5})
  })
})

describe('Checkpoint', () => {
  const identity = {source: 'h:1', runId: 'r', database: 0, move: false, replace: false, nodes: ['a', 'b']}
  const reached = {cursor: '42', totals: {...TOTALS_NONE, scanned: 7}}

  const begin = async () => {
    const folder = importsFolder(temporaryFolder('imports'))
    const first = await Checkpoint.open(folder, identity, false)
    expect(first.reached).toEqual({cursor: '0', totals: TOTALS_NONE})
    first.note({cursor: '1', totals: TOTALS_NONE})
    first.note(reached)
    await first.close()
    return folder
  }
  const reopen = async (folder: string, other: Partial<typeof identity> = {}, restart = false) => {
    const checkpoint = await Checkpoint.open(folder, {...identity, ...other}, restart)
    await checkpoint.close()
    return checkpoint.reached.cursor
  }

  it('goes on where the same import was, also after a line that was cut off', async () => {
    const folder = await begin()
    const file = join(folder, readdirSync(folder)[0] as string)
    writeFileSync(file, `${readFileSync(file, 'utf8')}{"type":"reached","cursor":"9`)
    expect(await reopen(folder, {nodes: ['a', 'c']})).toBe('42')
    const again = await Checkpoint.open(folder, identity, false)
    again.note({cursor: '43', totals: TOTALS_NONE})
    await again.close()
    expect(await reopen(folder)).toBe('43')
  })

  it.each<[string, Partial<typeof identity>, boolean]>([
    ['another start of the source', {runId: 's'}, false],
    ['another cluster', {nodes: ['x']}, false],
    ['a move after a copy', {move: true}, false],
    ['other rules', {replace: true}, false],
    ['another database', {database: 1}, false],
    ['a restart on request', {}, true],
  ])('begins anew for %s', async (_, other, restart) => {
    expect(await reopen(await begin(), other, restart)).toBe('0')
  })

  it('is gone when the import is done', async () => {
    const folder = await begin()
    const checkpoint = await Checkpoint.open(folder, identity, false)
    await checkpoint.remove()
    await checkpoint.close()
    expect(existsSync(folder) && readdirSync(folder)).toEqual([])
  })

  it('says where it cannot write', async () => {
    const file = join(temporaryFolder('imports'), 'file')
    writeFileSync(file, '')
    await expect(Checkpoint.open(join(file, 'x'), identity, false)).rejects.toMatchObject({code: 'ENVIRONMENT_LACKS'})
  })
})
