import {describe, expect, it} from 'vitest'
import {readingOf, type Sample} from '../../../src/lib/model/cluster-reading.js'
import {newsBetween, problemsOf} from '../../../src/lib/model/reading-news.js'
import {buildView, change, idOf, type NodeSpec, type Seen, SIX} from './build-view.js'

type Changes = Readonly<Record<string, Partial<NodeSpec>>>

const sample = (changes: Changes = {}, atMs = 0, sees: Readonly<Record<string, Seen>> = {}): Sample => ({
  view: buildView(change(SIX, changes), sees),
  atMs,
})
const reading = (changes: Changes = {}, sees = {}) => readingOf(sample(changes, 0, sees))

const counters = (commands: number, bytes: number, more = '') => ({
  info: `run_id:r\r\ntotal_commands_processed:${commands}\r\ntotal_net_input_bytes:${bytes}\r\n${more}`,
})
const rateOf = (before: Changes, after: Changes, elapsedMs = 2000) => {
  const {nodes} = readingOf(sample(after, elapsedMs), sample(before))
  const {inBytesPerSecond, opsPerSecond} = nodes.find(({id}) => id === idOf('a')) ?? {}
  return [opsPerSecond, inBytesPerSecond]
}

describe('rates', () => {
  it('are what the counters grew by per second, without the three commands of a look', () => {
    expect(rateOf({a: counters(100, 1000)}, {a: counters(303, 5000)})).toEqual([100, 2000])
  })

  it('are 0 for a node that is only looked at', () => {
    expect(rateOf({a: counters(100, 1000)}, {a: counters(103, 1000)})).toEqual([0, 0])
    expect(rateOf({a: counters(100, 1000)}, {a: counters(101, 1000)})).toEqual([0, 0])
  })

  it('go by the clock of the node, if it tells the time', () => {
    const at = (seconds: number) => `server_time_usec:${seconds * 1e6}`
    expect(rateOf({a: counters(0, 0, at(10))}, {a: counters(4003, 800, at(14))})).toEqual([1000, 200])
    // A clock that was set back says nothing.
    expect(rateOf({a: counters(0, 0, at(10))}, {a: counters(4003, 800, at(9))})).toEqual([2000, 400])
  })

  const own = 'instantaneous_ops_per_sec:7'
  it('are what the node says itself at the first look, after a restart, and after it was away', () => {
    const first = readingOf(sample({a: counters(500, 500, own)})).nodes[0]
    expect([first?.opsPerSecond, first?.inBytesPerSecond]).toEqual([7, null])
    const restarted = {info: `run_id:other\r\ntotal_commands_processed:9\r\n${own}`}
    expect(rateOf({a: counters(5, 5)}, {a: restarted})).toEqual([7, null])
    expect(rateOf({a: {down: true}}, {a: counters(500, 500, own)})).toEqual([7, null])
    // CONFIG RESETSTAT
    expect(rateOf({a: counters(500, 500)}, {a: counters(3, 3, own)})).toEqual([7, null])
  })

  it('of all nodes add up; unknown ones are left out', () => {
    const {totals} = readingOf(
      sample({a: counters(2003, 0), d: counters(1003, 0)}, 1000),
      sample({a: counters(0, 0), d: counters(0, 0)}),
    )
    expect(totals).toMatchObject({opsPerSecond: 3000, inBytesPerSecond: 0, outBytesPerSecond: null})
  })
})

describe('readingOf', () => {
  it('counts keys of primaries alone, and memory of all', () => {
    const info = 'db0:keys=10,expires=0'
    const {totals} = reading({a: {info}, d: {info}})
    expect(totals).toMatchObject({primaries: 3, replicas: 3, keys: 10, slotsCovered: 16384, usedBytes: 6 * 1048576})
  })

  it('joins the two ends of open slots', () => {
    const found = reading({a: {slots: '0-5460 [7->-b] [8->-b]'}, b: {slots: '5461-10922 [8-<-a] [9-<-a] [1-<-x]'}})
    expect(found.migrations).toEqual([
      {from: null, to: 3, slots: '1', slotCount: 1},
      {from: 1, to: 3, slots: '7-9', slotCount: 3},
    ])
  })
})

describe('problemsOf', () => {
  it('finds none in a healthy cluster', () => {
    expect(problemsOf(reading())).toEqual([])
  })

  it('names what is wrong', () => {
    const sick = reading(
      {
        a: {slots: '0-5459'},
        b: {down: true},
        d: {info: 'master_link_status:down\r\nmaster_sync_in_progress:1'},
        e: {info: 'master_link_status:down\r\nmaster_link_down_since_seconds:4'},
        f: {info: 'loading:1'},
      },
      {a: {c: {flags: 'master,fail?'}}},
    )
    expect(problemsOf(sick)).toEqual([
      '10.0.0.1:7004 has no link to its primary, for 4s now',
      '10.0.0.2:7001 does not answer: refuses connections',
      '10.0.0.2:7005 is loading its data',
      '1 node takes 10.0.0.3:7002 for dead',
      '10.0.0.3:7003 is copying its primary',
      'slots 5460 have no owner',
    ])
    expect(problemsOf(reading({a: {state: 'fail'}, b: {state: 'fail'}}))).toEqual([
      '2 of 6 nodes report the cluster as down',
    ])
  })
})

describe('newsBetween', () => {
  const news = (before: Changes, after: Changes) => newsBetween(reading(before), reading(after))

  it('is silent while nothing happens', () => {
    expect(news({}, {})).toEqual([])
  })

  it('tells of a failover', () => {
    const after: Changes = {a: {down: true, slots: '', epoch: 1}, d: {slots: '0-5460', epoch: 9}}
    const promoted = buildView(
      SIX.map((spec) =>
        spec.name === 'd' ? {name: 'd', host: '10.0.0.3', slots: '0-5460', epoch: 9} : {...spec, ...after[spec.name]},
      ),
    )
    expect(newsBetween(reading(), readingOf({view: promoted, atMs: 1}))).toEqual([
      '10.0.0.1:7000 stopped answering',
      '10.0.0.1:7000 gave away 5461 slots',
      '10.0.0.3:7003 became a primary',
    ])
    expect(news({a: {down: true}}, {})).toEqual(['10.0.0.1:7000 answers again'])
  })

  it('tells of moved slots, comers and goers', () => {
    expect(news({}, {a: {slots: '0-5400'}, b: {slots: '5401-10922'}})).toEqual([
      '10.0.0.1:7000 gave away 60 slots',
      '10.0.0.2:7001 gained 60 slots',
    ])
    expect(news({}, {a: {slots: '0-5460 [3->-b]'}})).toEqual(['slots are on the move'])
    const five = readingOf({view: buildView(SIX.slice(0, 5)), atMs: 0})
    expect(newsBetween(five, reading())).toEqual(['10.0.0.2:7005 joined the cluster'])
    expect(newsBetween(reading(), five)).toEqual(['10.0.0.2:7005 left the cluster'])
  })
})
