import {describe, expect, it} from 'vitest'
import {
  asReadings,
  type ProbeAnswer,
  type ProbeRound,
  probeAnswers,
  timesOf,
} from '../../../src/lib/engine/probe-round.js'

const LINKS = [
  {from: 'a', to: 'b'},
  {from: 'b', to: 'a'},
]
const SILENT: ProbeAnswer = [null, null, null]

/** One try from each end to the other. */
function rounds(fromA: ProbeAnswer, fromB: ProbeAnswer): ProbeRound[] {
  return [
    {answers: [fromA], from: 'a', tries: [{peer: 'b', token: 'ab'}]},
    {answers: [fromB], from: 'b', tries: [{peer: 'a', token: 'ba'}]},
  ]
}

function read(fromA: ProbeAnswer, fromB: ProbeAnswer, marks: readonly (readonly [string, number | null])[] = []) {
  return asReadings(LINKS, rounds(fromA, fromB), new Map(marks), 500).map(({delayMs, passes}) => delayMs ?? passes)
}

describe('readings of links', () => {
  it('are the time of each way, as the faster of two tries has it', () => {
    expect(read([100, 110, 130], [100, 120, 130])).toEqual([10, 20])
    expect(read([100, 110, 112], [100, 120, 123])).toEqual([3, 2])
  })

  it('are never below nothing', () => {
    expect(read([100, 99, 101], [100, 100, 100])).toEqual([0, 0])
  })

  it('tell a cut one way from a cut both ways', () => {
    expect(read(SILENT, SILENT)).toEqual([false, false])
    // b heard of it, its answer did not come back; of what b sent nothing came.
    expect(read([100, null, null], SILENT, [['ab', 105]])).toEqual([5, false])
    expect(read(SILENT, [100, null, null], [['ba', 107]])).toEqual([false, 7])
  })

  it('pass if answers alone come through: then one end makes no fault', () => {
    expect(read(SILENT, [100, 107, 109])).toEqual([2, 7])
  })

  it('do not pass if it takes too long', () => {
    expect(read([100, null, null], [100, 110, 700], [['ab', 601]])).toEqual([false, 10])
  })

  it('leave out who could not be asked', () => {
    expect(asReadings(LINKS, rounds(SILENT, SILENT).slice(1), new Map(), 500)).toEqual([])
  })

  it('are read from replies', () => {
    expect(probeAnswers([[1, 2, 3], [1, null, null], []])).toEqual([[1, 2, 3], [1, null, null], SILENT])
    expect(timesOf([7, null])).toEqual([7, null])
    expect([probeAnswers(null), timesOf(null)]).toEqual([[], []])
  })
})
