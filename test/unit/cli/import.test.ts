import {describe, expect, it} from 'vitest'
import {PhaseProgress} from '../../../src/lib/cli/import-progress.js'
import {renderImportPlan, renderImportResult, renderSurvey} from '../../../src/lib/cli/render/import.js'
import {styleOf} from '../../../src/lib/cli/render/style.js'
import {sourceOptionsFrom} from '../../../src/lib/cli/source-flags.js'
import {TOTALS_NONE} from '../../../src/lib/operations/load/page-order.js'
import type {ImportResult} from '../../../src/lib/operations/load/run-import.js'
import type {ImportPlan} from '../../../src/lib/plan/import.js'

const PLAIN = styleOf(false)

const PLAN: ImportPlan = {
  source: {address: 'h:6379', version: '7.0.15', database: 0},
  keyCount: 1500,
  bytes: 2048,
  otherDatabases: [],
  move: false,
  targets: [
    {id: 'a', address: 'a:1', slotCount: 8192, expectedBytes: 1024, policy: 'noeviction'},
    {id: 'b', address: 'b:1', slotCount: 8192, expectedBytes: 1024, freeBytes: 4096, policy: 'noeviction'},
  ],
  warnings: [],
}

const RESULT: ImportResult = {
  job: 'import-1',
  ...TOTALS_NONE,
  written: 1,
  bytes: 100,
  resumedAfter: 0,
  functions: [],
  conflicts: [],
  keptKeys: [],
  skippedKeys: [],
  verified: {mode: 'none'},
  durationMs: 1234,
  warnings: [],
}

const conflict = (key: string) =>
  ({key, differs: 'value', sourceType: 'string', sourceBytes: 10, targetType: 'list', targetBytes: 20}) as const

describe('what import prints', () => {
  it('shows what goes where', () => {
    expect(renderImportPlan(PLAN, PLAIN).split('\n')).toEqual([
      'copy  1,500 keys, about 2.0 KB, of database 0 of h:6379 (version 7.0.15)',
      '      The source is left as it is.',
      '',
      'to   slots  gets about  has left',
      'a:1  8,192      1.0 KB  no limit',
      'b:1  8,192      1.0 KB    4.0 KB',
    ])
    expect(renderImportPlan({...PLAN, move: true}, PLAIN)).toContain('is deleted at the source once')
  })

  it('shows what is there', () => {
    const survey = {keys: 100, complete: false, types: {string: 90, list: 10}, bytes: 5000, expiring: 3, atCluster: 2}
    expect(renderSurvey({...survey, complete: true})).toContain('Of 100 keys:')
    expect(renderSurvey({...survey, biggest: {key: '"k"', bytes: 900}}).split('\n')).toEqual([
      '',
      'Of the first 100 keys:',
      '  types      90 string, 10 list',
      '  memory     4.9 KB',
      '  biggest    "k", 900 B',
      '  expiring   3',
      '  names that the cluster has already: 2',
    ])
  })

  it('names each conflict once, and what is missing', () => {
    const result: ImportResult = {
      ...RESULT,
      equal: 2,
      conflict: 12,
      conflicts: Array.from({length: 12}, (_, i) => conflict(`"c${i}"`)),
      verified: {
        mode: 'full',
        checked: 15,
        missing: 1,
        different: 13,
        missingKeys: ['"gone"'],
        differentKeys: [
          ...Array.from({length: 12}, (_, i) => conflict(`"c${i}"`)),
          {...conflict('"t"'), differs: 'expiry', targetExpireAtMs: 0},
        ],
      },
    }
    const lines = renderImportResult(result, PLAN, PLAIN).split('\n')
    expect(lines.slice(0, 3)).toEqual([
      'Imported 1 key (100 B) from h:6379 in 1.2 s.',
      '  in the cluster before, the same: 2 keys',
      'Not imported, since the cluster has another of that name: 12 keys',
    ])
    expect(lines.filter((line) => line.includes('"c3"'))).toHaveLength(1)
    expect(lines.slice(-6)).toEqual([
      '    and 2 more',
      '  Run it again with --replace to let the source win.',
      'Verified: 15 keys of the source compared, 1 missing, 13 different.',
      '    "gone": missing',
      '    "t": expires never at the source, 1970-01-01T00:00:00.000Z in the cluster',
      '  Clients, or eviction (maxmemory-policy), may have removed them; else run it again to bring them.',
    ])
    const kept = {...RESULT, kept: 1, keptKeys: ['"k"'], removed: 5, functions: ['lib', 'other']}
    const moved = renderImportResult(kept, {...PLAN, move: true}, PLAIN)
    expect(moved.split('\n').slice(1)).toEqual([
      '  deleted at the source: 5 keys',
      '  changed meanwhile and left at the source: 1 key',
      '    "k"',
      '  functions, at every primary now: lib, other',
    ])
  })
})

describe('PhaseProgress', () => {
  it('tells how far, how fast and how long, with what an earlier run brought', async () => {
    const phase = new PhaseProgress('copy', 100_000)
    expect(phase.describe(0)).toBe('waiting')
    phase.take({event: 'resumed', keys: 50_000}, 0)
    phase.take({event: 'progress', phase: 'verify', keys: 9}, 0)
    phase.take({event: 'progress', phase: 'copy', keys: 0}, 1000)
    phase.take({event: 'progress', phase: 'copy', keys: 25_000}, 2000)
    expect(phase.describe(2000)).toBe('75000/100000 keys, 25k keys/s, 1.0 s left')
    phase.take({event: 'phase-done', phase: 'copy', keys: 100_000}, 3000)
    await phase.finished
    expect(phase.summary()).toBe('25000 keys in 2.0 s')
  })
})

describe('sourceOptionsFrom', () => {
  const NONE = {timeout: 5000, 'from-askpass': false, 'from-tls': false, 'from-insecure': false}

  it('takes nothing of the login of the cluster', async () => {
    const env = {SHOAL_PASSWORD: 'cluster', REDISCLI_AUTH: 'cluster'}
    expect(await sourceOptionsFrom(NONE, env)).toEqual({timeoutMs: 5000})
    const options = await sourceOptionsFrom({...NONE, 'from-user': 'u'}, {...env, SHOAL_FROM_PASSWORD: 'source'})
    expect(options).toEqual({timeoutMs: 5000, username: 'u', password: 'source'})
    expect(await sourceOptionsFrom({...NONE, 'from-password': 'p', 'from-tls': true}, env)).toEqual({
      timeoutMs: 5000,
      password: 'p',
      tls: {},
    })
  })
})
