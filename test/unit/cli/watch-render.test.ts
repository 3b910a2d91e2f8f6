import {describe, expect, it} from 'vitest'
import {renderSlotBar} from '../../../src/lib/cli/render/slot-map.js'
import {stripStyle, styleOf, widthOf} from '../../../src/lib/cli/render/style.js'
import {renderWatch, type Size, type WatchFrame} from '../../../src/lib/cli/render/watch.js'
import {WatchHistory} from '../../../src/lib/cli/watch-view.js'
import {buildView, change, type NodeSpec, SIX} from '../model/build-view.js'

const PLAIN = styleOf(false)
const COLOR = styleOf(true)
const PIPE: Size = {columns: Number.POSITIVE_INFINITY, rows: Number.POSITIVE_INFINITY}

const look = (specs: readonly NodeSpec[], atMs = 0) => ({sample: {view: buildView(specs), atMs}})

function frameOf(specs: readonly NodeSpec[] = SIX): WatchFrame {
  const seen = new WatchHistory(1000).take(look(specs), '10:00:00')
  if (!seen) throw new Error('no frame')
  return seen.frame
}

describe('renderWatch', () => {
  it('shows totals, the slots, shards with their replicas, and that all is well', () => {
    const lines = renderWatch(
      frameOf(
        change(SIX, {
          d: {info: 'master_link_status:up\r\nslave_repl_offset:0'},
          a: {info: 'master_repl_offset:2048\r\ninstantaneous_ops_per_sec:1500'},
        }),
      ),
      PLAIN,
      PIPE,
    )
    expect(lines).toEqual([
      '10.0.0.1:7000  10:00:00  every 1.0 s  3 primaries  3 replicas  16,384 of 16,384 slots',
      '1,500 ops/s, 0 keys, 6.0 MB',
      '',
      `${'A'.repeat(42)}+${'B'.repeat(42)}+${'C'.repeat(42)}`,
      '',
      '   NODE             ROLE     SLOTS  OPS/S  KEYS  MEMORY  IN/S  OUT/S  CLIENTS     LAG  STATE',
      'A  10.0.0.1:7000    primary  5,461  1,500     0  1.0 MB     -      -        -          OK',
      '     10.0.0.3:7003  replica             -     0  1.0 MB     -      -        -  2.0 KB  OK',
      'B  10.0.0.2:7001    primary  5,462      -     0  1.0 MB     -      -        -          OK',
      '     10.0.0.1:7004  replica             -     0  1.0 MB     -      -        -       -  OK',
      'C  10.0.0.3:7002    primary  5,461      -     0  1.0 MB     -      -        -          OK',
      '     10.0.0.2:7005  replica             -     0  1.0 MB     -      -        -       -  OK',
      '',
      'All nodes answer, every slot is covered.',
    ])
  })

  it('shows open slots, problems and news', () => {
    const frame = frameOf(change(SIX, {a: {slots: '0-5460 [7->-b] [8->-b]'}, c: {down: true}}))
    const text = renderWatch({...frame, news: ['10:00:00  x']}, PLAIN, PIPE).join('\n')
    expect(text).toContain('2 open slots on the way from 10.0.0.1:7000 to 10.0.0.2:7001: 7-8')
    expect(text).toContain('10.0.0.3:7002 does not answer: refuses connections')
    expect(text).toMatch(/C {2}10\.0\.0\.3:7002 .* DOWN$/m)
    expect(text).toMatch(/\n\n10:00:00 {2}x$/)
    expect(text).toMatch(/^A+\+B+\+\?+$/m)
    expect(text).not.toContain('All nodes answer')
  })

  it('says that no node answers, over what was last seen', () => {
    const lines = renderWatch({...frameOf(), failure: 'x refuses connections'}, PLAIN, PIPE)
    expect(lines[1]).toBe('No node answers: x refuses connections. Below is what was seen last.')
    expect(lines.join('\n')).toContain('10.0.0.1:7000    primary')
    expect(lines.join('\n')).not.toContain('All nodes answer')
  })

  const many = Array.from(
    {length: 50},
    (_, index): NodeSpec => ({
      // Ids are made of the name, so each needs a letter of its own.
      name: 'abcdefghijklmnopqrstuvwxyz0123456789'[index] ?? 'a',
      host: `10.0.1.${index}`,
      ...(index === 0 && {slots: '0-16383'}),
      ...(index === 33 && {state: 'fail' as const}),
    }),
  ).slice(0, 36)
  const crowded = {...frameOf(many), news: Array.from({length: 20}, (_, index) => `news ${index}`)}

  it('never leaves the screen, whatever its size', () => {
    for (const style of [PLAIN, COLOR]) {
      for (const columns of [1, 10, 30, 60, 80, 120, 300]) {
        for (const rows of [1, 2, 5, 10, 24, 60]) {
          const lines = renderWatch(crowded, style, {columns, rows})
          expect(lines.length).toBeLessThanOrEqual(rows)
          expect(Math.max(...lines.map(widthOf))).toBeLessThanOrEqual(columns)
        }
      }
    }
  })

  it('shows the sick ones first where not all fit, and counts the rest', () => {
    const lines = renderWatch(crowded, PLAIN, {columns: 120, rows: 20})
    const [first] = lines.slice(lines.findIndex((line) => line.includes('NODE')) + 1)
    expect(first).toContain('10.0.1.33')
    expect(lines.join('\n')).toMatch(/and 2\d more nodes/)
  })

  it('leaves out columns, the least telling first, and keeps the state', () => {
    const titles = (columns: number) =>
      renderWatch(frameOf(), PLAIN, {columns, rows: 40})
        .find((line) => line.includes('NODE'))
        ?.trim()
        .split(/ +/)
    expect(titles(90)).toContain('OUT/S')
    expect(titles(80)).not.toContain('OUT/S')
    expect(titles(80)).toContain('MEMORY')
    expect(titles(40)).toEqual(['NODE', 'OPS/S', 'STATE'])
  })

  it('holds no escape code without colour, and loses none of its text with it', () => {
    const sick = frameOf(change(SIX, {c: {down: true}}))
    const plain = renderWatch(sick, PLAIN, {columns: 90, rows: 30})
    expect(plain.join('')).not.toContain('\u001B')
    const painted = renderWatch(sick, COLOR, {columns: 90, rows: 30})
    const words = (lines: readonly string[]) =>
      lines.slice(6).map((line) => stripStyle(line).replace(/^(?:[A-Z█])? +/, ''))
    expect(words(painted)).toEqual(words(plain))
  })
})

describe('renderSlotBar', () => {
  it('gives each slot to one cell, whatever the width', () => {
    const owners = new Int16Array(16384).fill(0, 0, 8192).fill(1, 8192)
    for (const cells of [1, 2, 7, 100, 128]) expect(renderSlotBar(owners, PLAIN, cells)).toHaveLength(cells)
    expect(renderSlotBar(owners, PLAIN, 4)).toBe('AABB')
    expect(renderSlotBar(owners, PLAIN, 1)).toBe('+')
  })
})

describe('WatchHistory', () => {
  it('keeps the last reading and the news while no node answers', () => {
    const history = new WatchHistory(1000)
    expect(history.take({failure: 'gone'}, '1')).toBeUndefined()
    history.take(look(SIX), '2')
    expect(history.take({...look(change(SIX, {c: {down: true}}), 1000), newSeed: 'b:1'}, '3')?.news).toEqual([
      'the node watched through is gone; going on by b:1',
      '10.0.0.3:7002 stopped answering',
    ])
    const last = history.take({failure: 'all gone'}, '4')
    expect(last?.frame).toMatchObject({failure: 'all gone', reading: history.reading, time: '4'})
    expect(last?.frame.news).toEqual([
      '3  the node watched through is gone; going on by b:1',
      '3  10.0.0.3:7002 stopped answering',
    ])
  })

  it('does not grow for ever', () => {
    const history = new WatchHistory(1000)
    history.take(look(SIX), '0')
    let frame: WatchFrame | undefined
    for (let at = 1; at <= 200; at++) {
      frame = history.take(look(at % 2 ? change(SIX, {c: {down: true}}) : SIX, at), String(at))?.frame
    }
    expect(frame?.news.length).toBeLessThanOrEqual(50)
    expect(frame?.news.at(-1)).toBe('200  10.0.0.3:7002 answers again')
  })
})
