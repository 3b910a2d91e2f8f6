import {describe, expect, it} from 'vitest'
import {renderCheck} from '../../../src/lib/cli/render/check.js'
import {renderCreatePlan} from '../../../src/lib/cli/render/create.js'
import {renderInfo} from '../../../src/lib/cli/render/info.js'
import {renderAmount, renderBytes, renderCount} from '../../../src/lib/cli/render/numbers.js'
import {renderSlotMap, slotLetter} from '../../../src/lib/cli/render/slot-map.js'
import {stripStyle, styleOf, wantsColor, widthOf} from '../../../src/lib/cli/render/style.js'
import {renderTable} from '../../../src/lib/cli/render/table.js'
import {wrapText} from '../../../src/lib/cli/render/wrap.js'
import {nodeName} from '../../../src/lib/cli/wizard/plan-text.js'
import {ownersOf} from '../../../src/lib/model/cluster-map.js'
import {shardIndexOfSlots, summarizeCluster} from '../../../src/lib/model/cluster-summary.js'
import type {CheckReport} from '../../../src/lib/operations/check.js'
import {planCreate} from '../../../src/lib/plan/create.js'
import {buildView, change, idOf, SIX} from '../model/build-view.js'

const PLAIN = styleOf(false)
const COLOR = styleOf(true)

describe('renderTable', () => {
  it('lines up, cuts trailing space, and ignores colours for widths', () => {
    const lines = renderTable(
      [{title: 'NAME'}, {title: 'N', align: 'right'}, {title: 'NOTE'}],
      [
        [COLOR.red('a'), '5', 'x'],
        ['longer', '1,000', ''],
      ],
    )
    expect(lines.map(stripStyle)).toEqual(['NAME        N  NOTE', 'a           5  x', 'longer  1,000'])
  })

  it('shows the titles of an empty table', () => {
    expect(renderTable([{title: 'A'}, {title: 'B'}], [])).toEqual(['A  B'])
  })
})

describe('wrapText', () => {
  const table: [text: string, width: number, lines: string[]][] = [
    ['', 10, ['']],
    ['short', 10, ['short']],
    ['one two three', 7, ['one two', 'three']],
    ['abcdefghijkl x', 5, ['abcdefghijkl', 'x']],
    ['see 1-2,3-4,5-6,7-8 end', 8, ['see 1-2,', '3-4,5-6,', '7-8 end']],
  ]
  for (const [text, width, lines] of table) {
    it(`wraps ${JSON.stringify(text)} at ${width}`, () => {
      expect(wrapText(text, width)).toEqual(lines)
    })
  }
})

describe('numbers', () => {
  it('are short and grouped', () => {
    expect([0, 1023, 1024, 1_500_000, 23 * 1024 ** 3, 5e15].map(renderBytes)).toEqual([
      '0 B',
      '1023 B',
      '1.0 KB',
      '1.4 MB',
      '23 GB',
      '4.4 PB',
    ])
    expect([0, 999, 1008, 16384, 1234567].map(renderCount)).toEqual(['0', '999', '1,008', '16,384', '1,234,567'])
    expect(renderAmount(1, 'slot')).toBe('1 slot')
    expect(renderAmount(2, 'primary', 'primaries')).toBe('2 primaries')
  })
})

describe('wantsColor', () => {
  const table: [isTTY: boolean, env: Record<string, string>, flag: boolean, expected: boolean][] = [
    [true, {TERM: 'xterm'}, false, true],
    [false, {TERM: 'xterm'}, false, false],
    [true, {TERM: 'dumb'}, false, false],
    [true, {NO_COLOR: '1'}, false, false],
    [true, {}, true, false],
    [false, {FORCE_COLOR: '1'}, false, true],
    [true, {FORCE_COLOR: '0'}, false, false],
    [false, {FORCE_COLOR: '1', NO_COLOR: '1'}, false, false],
  ]
  for (const [isTTY, env, flag, expected] of table) {
    it(`${expected ? 'paints' : 'does not paint'} with ${JSON.stringify({isTTY, env, flag})}`, () => {
      expect(wantsColor({isTTY}, env, flag)).toBe(expected)
    })
  }
})

describe('renderSlotMap', () => {
  const thirds = Int16Array.from({length: 16384}, (_, slot) => (slot < 5461 ? 0 : slot < 10923 ? 1 : 2))

  it('draws letters, and + where a cell has several owners', () => {
    const lines = renderSlotMap(thirds, PLAIN, 40)
    expect(lines).toHaveLength(16)
    expect(lines[0]).toBe(`    0  ${'A'.repeat(32)}`)
    expect(lines[5]).toBe(` 5120  ${'A'.repeat(10)}+${'B'.repeat(21)}`)
    expect(lines[15]).toBe(`15360  ${'C'.repeat(32)}`)
  })

  it('fits the terminal', () => {
    for (const columns of [10, 24, 39, 40, 80, 134, 135, 500]) {
      const widths = renderSlotMap(thirds, PLAIN, columns).map(widthOf)
      expect(new Set(widths).size).toBe(1)
      expect(widths[0]).toBeLessThanOrEqual(Math.max(columns, 23))
    }
  })

  it('marks slots of nobody and of the unreachable', () => {
    const owners = new Int16Array(16384).fill(0)
    owners.fill(-1, 0, 32)
    owners.fill(-2, 32, 64)
    owners.fill(-1, 64, 65)
    expect(renderSlotMap(owners, PLAIN, 40)[0]).toBe(`    0  .?+${'A'.repeat(29)}`)
  })

  it('paints one colour per primary, each run once', () => {
    const [, , , , , line] = renderSlotMap(thirds, COLOR, 40)
    expect(line).toContain(COLOR.nth(0, `${'█'.repeat(10)}▒`))
    expect(line).toContain(COLOR.nth(1, '█'.repeat(21)))
    expect(COLOR.nth(0, 'x')).not.toBe(COLOR.nth(1, 'x'))
  })

  it('has a letter for each of 62 primaries', () => {
    expect(new Set(Array.from({length: 62}, (_, index) => slotLetter(index))).size).toBe(62)
    expect(slotLetter(62)).toBe('#')
  })
})

describe('renderInfo', () => {
  it('shows a line per primary, the totals, who is missing, and the map', () => {
    const view = buildView(change(SIX, {a: {info: 'db0:keys=1008,expires=0'}, c: {down: true}}))
    const summary = summarizeCluster(view)
    const text = renderInfo(summary, shardIndexOfSlots(ownersOf(view), summary.shards), PLAIN, 80)
    expect(text.split('\n').slice(0, 8)).toEqual([
      '   PRIMARY        ID         KEYS  SLOTS  REPLICAS  MEMORY  REPLICATED BY',
      'A  10.0.0.1:7000  aaaaaaaa  1,008  5,461         1  1.0 MB  10.0.0.3:7003',
      'B  10.0.0.2:7001  bbbbbbbb      0  5,462         1  1.0 MB  10.0.0.1:7004',
      '',
      '2 primaries, 3 replicas, 1,008 keys, 16,384 of 16,384 slots, 2.0 MB',
      '10.0.0.3:7002 does not answer: refuses connections',
      '',
      `    0  ${'A'.repeat(64)}`,
    ])
    expect(text.split('\n').at(-1)).toBe(`15360  ${'?'.repeat(64)}`)
  })
})

describe('renderCheck', () => {
  const report: CheckReport = {
    seed: '10.0.0.1:7000',
    totals: {primaries: 3, replicas: 3, keys: 5, slotsCovered: 16383, memoryBytes: 0},
    counts: {error: 1, warning: 0, notice: 1},
    findings: [
      {
        id: 'slots-uncovered',
        severity: 'error',
        nodes: [],
        slots: '7',
        message: '1 slot has no owner: 7.',
        suggestion: 'Bring back the node that owned it.',
      },
      {id: 'few-primaries', severity: 'notice', nodes: [], slots: '', message: 'Only 2 primaries.', suggestion: ''},
    ],
  }

  it('shows findings with their way forward, wrapped, and the verdict', () => {
    expect(renderCheck(report, PLAIN, 44).split('\n')).toEqual([
      '10.0.0.1:7000: 3 primaries, 3 replicas, 16,383 of 16,384 slots, 5 keys',
      'ERROR    1 slot has no owner: 7.',
      '         [slots-uncovered]',
      '         Try: Bring back the node that owned',
      '              it.',
      'NOTICE   Only 2 primaries. [few-primaries]',
      '1 error, 0 warnings, 1 notice',
    ])
  })

  it('keeps command lines in one piece, to be pasted', () => {
    const suggestion = 'If a job of yours was cut short: shoal resume. Else: shoal fix 127.0.0.1:7000 --yes --events'
    const findings = report.findings.map((finding) => ({...finding, suggestion}))
    expect(
      renderCheck({...report, findings}, PLAIN, 44)
        .split('\n')
        .slice(3, 7),
    ).toEqual([
      '         Try: If a job of yours was cut',
      '              short: shoal resume. Else:',
      '              shoal fix 127.0.0.1:7000 --yes --events',
      'NOTICE   Only 2 primaries. [few-primaries]',
    ])
  })

  it('says what is well', () => {
    const well = {...report, findings: [], counts: {error: 0, warning: 0, notice: 0}}
    expect(renderCheck(well, PLAIN, 80).split('\n')[1]).toBe(
      'OK       All nodes agree, every slot is covered, no slot is open.',
    )
    expect(renderCheck(well, COLOR, 80)).toContain('\u001B[32mOK')
  })
})

it('names a node by its address also where it does not answer', () => {
  const view = buildView(change(SIX, {a: {down: true}}))
  expect([nodeName(view, idOf('a')), nodeName(view, idOf('z'))]).toEqual(['10.0.0.1:7000', 'zzzzzzzz'])
})

describe('renderCreatePlan', () => {
  it('shows a line per shard, zones, and warnings', () => {
    const nodes = ['a', 'b', 'c', 'd', 'e', 'f'].map((host, index) => ({
      address: {host, port: 6379},
      host,
      zone: `z${index % 3}`,
    }))
    const plan = planCreate({nodes, replicasPerPrimary: 1, allowFewPrimaries: false})
    expect(renderCreatePlan(plan, ['All on one host.'], PLAIN, 80).split('\n')).toEqual([
      'New cluster: 3 primaries, 3 replicas',
      'PRIMARY      SLOTS        COUNT  REPLICATED BY',
      'a:6379 (z0)  0-5460       5,461  e:6379 (z1)',
      'b:6379 (z1)  5461-10922   5,462  f:6379 (z2)',
      'c:6379 (z2)  10923-16383  5,461  d:6379 (z0)',
      'WARNING  All on one host.',
    ])
  })
})
