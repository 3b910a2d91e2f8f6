import {describe, expect, it} from 'vitest'
import {renderBackupReport, renderRestorePlan, renderRestoreResult} from '../../../src/lib/cli/render/backup.js'
import {styleOf} from '../../../src/lib/cli/render/style.js'
import {TransferLane} from '../../../src/lib/cli/transfer-lane.js'
import type {RestoreResult} from '../../../src/lib/operations/backup/restore.js'
import type {BackupReport} from '../../../src/lib/operations/backup/verify-backup.js'
import {idOf} from '../plan/view-of.js'

const plain = styleOf(false)

const REPORT: BackupReport = {
  folder: 'monday',
  startedAt: '2026-01-01T00:00:00.000Z',
  finishedAt: '2026-01-01T00:00:09.000Z',
  files: [
    {file: 'shard-01.rdb', bytes: 2048, keys: 1200, status: 'ok', problems: []},
    {file: 'functions.dump', bytes: 9, keys: 0, status: 'damaged', problems: ['is missing']},
  ],
  totals: {keys: 1200, expires: 1, strayKeys: 2, bytes: 2057},
  status: 'damaged',
}

const RESULT: RestoreResult = {
  job: 'restore-1',
  keys: {written: 10, replaced: 2, equal: 3, expired: 4, conflict: 0, bytes: 99},
  conflicts: [],
  strayKeysSkipped: 5,
  skipped: 1,
  skippedKeys: ['"huge"'],
  functionsLoaded: ['lib'],
  users: ['default', 'app'],
  verified: {equal: 15, expired: 0, missing: 0, different: 0, missingKeys: [], differences: []},
  durationMs: 1,
  warnings: [],
}

describe('what people read of backups', () => {
  it('names every damaged file and the verdict', () => {
    expect(renderBackupReport(REPORT, plain).split('\n')).toEqual([
      'ok       shard-01.rdb  2.0 KB, 1,200 keys',
      'DAMAGED  functions.dump is missing',
      'The backup of 2026-01-01T00:00:09.000Z in monday is damaged: 1,200 keys, 2.0 KB, 2 keys of slots they were not of.',
    ])
  })

  it('lines up where the data goes', () => {
    const target = {
      id: idOf('a'),
      address: '127.0.0.1:7000',
      slots: '0-16383',
      keysHeld: 7,
      bytes: 2048,
      memoryBytes: 4096,
    }
    const plan = {
      backup: REPORT,
      targets: [{...target, freeBytes: null}],
      functions: {load: ['lib'], equal: []},
      users: ['app'],
    }
    expect(renderRestorePlan(plan, plain).split('\n')).toEqual([
      'restore 1,200 keys of 2026-01-01T00:00:09.000Z',
      'TO                DATA  MEMORY (ABOUT)      FREE  KEYS THERE',
      '127.0.0.1:7000  2.0 KB          4.0 KB  no limit           7',
      'functions lib',
      'users     app, on every node',
    ])
  })

  it('tells what was done, and what was not', () => {
    expect(renderRestoreResult(RESULT, plain)).toBe(
      'Restored 10 keys, 2 replaced, 3 there already, 4 expired meanwhile, 5 left out, not of their shard’s slots, ' +
        '1 left out, too big for one command, 1 library, 2 users. Every key was compared: 15 are equal.',
    )
    const conflict = {
      key: '"k"',
      differs: 'value',
      sourceType: 'string',
      sourceBytes: 1,
      targetType: 'list',
      targetBytes: 2,
    } as const
    const troubled = {
      ...RESULT,
      keys: {...RESULT.keys, conflict: 2},
      conflicts: [conflict],
      verified: {equal: 12, expired: 0, missing: 1, different: 3, missingKeys: ['"gone"'], differences: [conflict]},
    }
    expect(renderRestoreResult(troubled, plain).split('\n').slice(1)).toEqual([
      '2 keys of the cluster differ and were kept: "k" and 1 more',
      'Pass --replace to let the backup win for these.',
      '1 key missing: "gone"',
      '3 keys different: "k" and 2 more',
      'Clients that write, or eviction (maxmemory-policy), may have changed them; else run it again.',
    ])
  })

  it('tells how far a transfer is, as far as that is known', () => {
    const lane = new TransferLane('a')
    expect(lane.describe(0)).toBe('waiting')
    lane.take(1024, undefined, 1000)
    lane.take(2048, undefined, 2000)
    expect(lane.describe(2000)).toBe('2.0 KB, 2.0 KB/s')
    lane.take(4096, 0.5, 3000)
    expect(lane.describe(3000)).toBe('4.0 KB, 50%, 2.0 KB/s, 2.0 s left')
    lane.end()
    expect([lane.isFinished(), lane.summary()]).toEqual([true, '4.0 KB in 2.0 s'])
  })
})
