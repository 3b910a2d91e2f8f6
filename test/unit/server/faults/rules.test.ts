import {describe, expect, it} from 'vitest'
import {type FaultEffect, type FaultRule, FaultTable} from '../../../../src/lib/server/faults/rules.js'

const PEER = {busPort: 17001, host: '127.0.0.1', port: 7001}
const OPEN = {in: undefined, out: undefined}

function rule(effect: FaultEffect, more: Partial<FaultRule> = {}): FaultRule {
  return {direction: 'out', effect, peer: PEER, ...more}
}

function tableOf(...rules: FaultRule[]): FaultTable {
  const table = new FaultTable()
  table.replace(rules)
  return table
}

describe('the faults of a node', () => {
  it('concern the data port and the bus port of that peer alone', () => {
    const table = tableOf(rule({kind: 'drop'}))
    for (const port of [7001, 17001]) {
      expect(table.conditionsOf('127.0.0.1', port, 0)).toMatchObject({in: undefined, out: {dropped: true}})
    }
    expect(table.conditionsOf('127.0.0.1', 7002, 0)).toEqual(OPEN)
    expect(table.conditionsOf('127.0.0.2', 7001, 0)).toEqual(OPEN)
  })

  it('know the loopback address by its other names', () => {
    const table = tableOf(rule({kind: 'drop'}))
    for (const host of ['localhost', '::ffff:127.0.0.1']) {
      expect(table.conditionsOf(host, 7001, 0).out?.dropped).toBe(true)
    }
  })

  it('add up', () => {
    const table = tableOf(
      rule({jitterMs: 5, kind: 'delay', ms: 10}),
      rule({jitterMs: 1, kind: 'delay', ms: 20}),
      rule({kind: 'loss', probability: 0.5}),
      rule({kind: 'loss', probability: 0.5}),
      rule({kind: 'reset'}, {direction: 'in'}),
    )
    expect(table.conditionsOf('127.0.0.1', 7001, 0)).toEqual({
      in: {delayMs: 0, dropped: false, jitterMs: 0, loss: 0, reset: true},
      out: {delayMs: 30, dropped: false, jitterMs: 6, loss: 0.75, reset: false},
    })
  })

  it('are silence where everything is lost', () => {
    const table = tableOf(rule({kind: 'loss', probability: 1}))
    expect(table.conditionsOf('127.0.0.1', 7001, 0).out?.dropped).toBe(true)
  })

  it('end when they were meant to', () => {
    const table = tableOf(rule({kind: 'drop'}, {untilMs: 1000}), rule({kind: 'reset'}, {untilMs: 2000}))
    expect(table.nextEndMs(500)).toBe(1000)
    expect(table.conditionsOf('127.0.0.1', 7001, 999).out).toMatchObject({dropped: true, reset: true})
    expect(table.conditionsOf('127.0.0.1', 7001, 1000).out).toMatchObject({dropped: false, reset: true})
    expect(table.nextEndMs(1000)).toBe(2000)
    expect(table.conditionsOf('127.0.0.1', 7001, 2000)).toEqual(OPEN)
    expect([table.nextEndMs(2000), table.rulesAt(2000)]).toEqual([undefined, []])
  })

  it('are not replaced by what was wanted before', () => {
    const table = new FaultTable()
    expect(table.replace([], 200)).toBe(true)
    expect(table.replace([rule({kind: 'drop'})], 100)).toBe(false)
    expect(table.rulesAt(0)).toEqual([])
    // Without a time it is wanted now.
    expect(table.replace([rule({kind: 'drop'})])).toBe(true)
    expect(table.rulesAt(0)).toHaveLength(1)
    expect(table.replace([], 150)).toBe(false)
    expect(table.replace([], 200)).toBe(true)
  })
})
