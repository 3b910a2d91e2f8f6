import {describe, expect, it} from 'vitest'
import {BatchQueue} from '../../../../src/lib/operations/load/batch-queue.js'
import {ByteGate} from '../../../../src/lib/operations/load/byte-gate.js'
import {addTotals, PageOrder, TOTALS_NONE} from '../../../../src/lib/operations/load/page-order.js'
import {cutIntoChunks} from '../../../../src/lib/operations/load/source-reader.js'

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
