import {readdirSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {describe, expect, it} from 'vitest'
import {listJobs, summarise} from '../../../../src/lib/operations/job-list.js'
import {type ImportHeader, readJob} from '../../../../src/lib/operations/journal.js'
import {
  findLoad,
  type LoadRequest,
  openLoad,
  reachedAt,
  requireSameBackup,
  requireSameCluster,
  requireSameSource,
  scanFrom,
} from '../../../../src/lib/operations/load/load-job.js'
import {TOTALS_NONE} from '../../../../src/lib/operations/load/page-order.js'
import type {ImportRecord, RestoreRecord} from '../../../../src/lib/operations/load/records.js'
import {temporaryFolder} from '../../../support/processes.js'
import {idOf} from '../../plan/view-of.js'

const member = (name: string) => ({id: idOf(name), address: `${name}:1`})

const IMPORT: ImportRecord = {
  source: 'h:1',
  runId: 'r',
  database: 0,
  move: false,
  replace: false,
  functions: false,
  verify: 'full',
  retryMs: 1000,
  members: [member('a'), member('b')],
}

const RESTORE: RestoreRecord = {
  folder: '/backup',
  takenAt: '2026-01-01T00:00:00.000Z',
  replace: false,
  functions: true,
  acl: false,
  verify: true,
  parallel: 8,
  members: [member('a')],
}

const START = {cursor: '0', totals: TOTALS_NONE}
const REACHED = {cursor: '42', totals: {...TOTALS_NONE, scanned: 7, written: 5, equal: 2}}

const asImport = (change: Partial<ImportRecord> = {}): LoadRequest => ({
  command: 'import',
  import: {...IMPORT, ...change},
})
const asRestore = (change: Partial<RestoreRecord> = {}): LoadRequest => ({
  command: 'restore',
  restore: {...RESTORE, ...change},
})

/** A job whose process is gone, without a word or with one: no pid is that high. */
async function cutShort(
  folder: string,
  request: LoadRequest,
  id = `${request.command}-1`,
  how: 'killed' | 'finished' = 'killed',
) {
  const journal = await openLoad(folder, {...request, id, seed: 's:1'}, undefined, {keys: 0})
  journal.note({keys: 0, scan: {...REACHED, cursor: '1'}})
  journal.note({keys: 5, scan: REACHED})
  await (how === 'finished' ? journal.finished() : journal.flush())
  await journal.close()
  const path = join(folder, `${id}.ndjson`)
  writeFileSync(path, readFileSync(path, 'utf8').replace(/"pid":\d+/g, '"pid":4194999'))
}

describe('the jobs of imports and restores', () => {
  it('are listed with where the keys come from, how many came, and how to go on', async () => {
    const folder = join(temporaryFolder('jobs'), 'jobs')
    await cutShort(folder, asImport({database: 3}))
    await cutShort(folder, asRestore(), 'restore-1', 'finished')
    const jobs = await listJobs(folder)
    expect(jobs.map(({at: _at, ...job}) => job)).toEqual(
      expect.arrayContaining([
        {
          id: 'import-1',
          command: 'import',
          seed: 's:1',
          state: 'broken-off',
          from: 'h:1',
          database: 3,
          slotCount: 0,
          slotsDone: 0,
          keysMoved: 5,
          suggestion: 'shoal resume import-1',
        },
        {
          id: 'restore-1',
          command: 'restore',
          seed: 's:1',
          state: 'finished',
          from: '/backup',
          slotCount: 0,
          slotsDone: 0,
          keysMoved: 5,
        },
      ]),
    )
  })

  it.each<[string, boolean, LoadRequest]>([
    ['the same', true, asImport()],
    ['another node of the cluster', true, asImport({members: [member('b'), member('c')]})],
    ['other rules', true, asImport({replace: true, verify: 'none'})],
    ['a source that was started anew', true, asImport({runId: 's'})],
    ['another cluster', false, asImport({members: [member('x')]})],
    ['another source', false, asImport({source: 'h:2'})],
    ['another database', false, asImport({database: 1})],
    ['a restore', false, asRestore()],
  ])('take an import up, or leave it: %s', async (_, isFound, request) => {
    const folder = join(temporaryFolder('jobs'), 'jobs')
    await cutShort(folder, asImport())
    expect((await findLoad(folder, request))?.header.id).toBe(isFound ? 'import-1' : undefined)
  })

  it('take a restore up by its folder and cluster, and nothing that is finished', async () => {
    const folder = join(temporaryFolder('jobs'), 'jobs')
    await cutShort(folder, asRestore({folder: '/done'}), 'restore-2', 'finished')
    await cutShort(folder, asRestore())
    expect((await findLoad(folder, asRestore({replace: true})))?.header.id).toBe('restore-1')
    expect(await findLoad(folder, asRestore({folder: '/other'}))).toBeUndefined()
    expect(await findLoad(folder, asRestore({folder: '/done'}))).toBeUndefined()
    expect(await findLoad(folder, asRestore({members: [member('x')]}))).toBeUndefined()
  })

  it('go on in the words they were asked for last, also after a line that was cut off', async () => {
    const folder = join(temporaryFolder('jobs'), 'jobs')
    await cutShort(folder, asImport())
    const [file] = readdirSync(folder).map((name) => join(folder, name))
    writeFileSync(file as string, `${readFileSync(file as string, 'utf8')}{"type":"reached","cursor":"9`)
    const before = await readJob(folder, 'import-1')
    const request = {...asImport({verify: 'none'}), id: 'import-1', seed: 'other:1'}
    const again = await openLoad(folder, request, before, reachedAt(REACHED))
    const record = await readJob(folder, 'import-1')
    expect(summarise(record)).toMatchObject({state: 'running', seed: 'other:1', at: before.header.at, keysMoved: 5})
    expect(summarise(record)).not.toHaveProperty('suggestion')
    expect(record.header).toMatchObject({import: {verify: 'none'}})
    expect(scanFrom(record, IMPORT, 5)).toEqual(REACHED)
    await again.close()
  })

  it('never take a cursor for one of another request, wherever the file ends', async () => {
    const folder = join(temporaryFolder('jobs'), 'jobs')
    await cutShort(folder, asImport())
    const before = await readJob(folder, 'import-1')
    const path = join(folder, 'import-1.ndjson')
    const earlier = readFileSync(path)
    const other = {...asImport({runId: 's'}), id: 'import-1', seed: 's:1'}
    await (await openLoad(folder, other, before, reachedAt(START))).close()
    const whole = readFileSync(path)
    for (let end = earlier.length; end <= whole.length; end++) {
      writeFileSync(path, whole.subarray(0, end))
      const found = await readJob(folder, 'import-1')
      expect(scanFrom(found, {...IMPORT, runId: 's'}, 5), `at byte ${end} of ${whole.length}`).toEqual(START)
    }
  })

  it.each<[string, Partial<ImportRecord>, keysPresent: number, expected: object]>([
    ['the same', {}, 5, REACHED],
    ['another start of the source', {runId: 's'}, 5, START],
    ['a move after a copy', {move: true}, 5, START],
    ['other rules', {replace: true}, 5, START],
    ['another way to verify', {verify: 'none'}, 5, REACHED],
    ['a cluster that was emptied', {}, 4, START],
  ])('know what a cursor is worth: %s', async (_, change, keysPresent, expected) => {
    const folder = join(temporaryFolder('jobs'), 'jobs')
    await cutShort(folder, asImport())
    const before = await readJob(folder, 'import-1')
    expect(scanFrom(before, {...IMPORT, ...change}, keysPresent)).toEqual(expected)
    expect(scanFrom(undefined, IMPORT, 5)).toEqual(START)
  })

  it('are not resumed from another source or backup, or at another cluster; the command that does it is named', () => {
    const base = {type: 'job', version: 1, id: 'x-1', at: '', seed: 's:1'} as const
    const header: ImportHeader = {
      ...base,
      command: 'import',
      import: {...IMPORT, database: 2, move: true, replace: true, functions: true, verify: 'count'},
    }
    expect(() => requireSameSource(header, 'r')).not.toThrow()
    expect(errorOf(() => requireSameSource(header, 's'))).toMatchObject({
      code: 'PREFLIGHT_FAILED',
      suggestions: ['shoal import s:1 --from h:1 --from-db 2 --move --replace --functions --verify count'],
    })
    expect(() => requireSameCluster(header, IMPORT.members, [member('b'), member('c')])).not.toThrow()
    expect(errorOf(() => requireSameCluster(header, IMPORT.members, [member('c')]))).toMatchObject({
      code: 'PREFLIGHT_FAILED',
    })
    const restore = {...base, command: 'restore', restore: {...RESTORE, acl: true, functions: false}} as const
    expect(() => requireSameBackup(restore, RESTORE.takenAt)).not.toThrow()
    expect(errorOf(() => requireSameBackup(restore, 'later'))).toMatchObject({
      code: 'PREFLIGHT_FAILED',
      suggestions: ['shoal restore s:1 /backup --acl --no-functions'],
    })
  })

  it('say where they cannot be written down', async () => {
    const file = join(temporaryFolder('jobs'), 'file')
    writeFileSync(file, '')
    const opened = openLoad(join(file, 'x'), {...asImport(), id: 'import-1', seed: 's:1'}, undefined, {keys: 0})
    await expect(opened).rejects.toMatchObject({code: 'ENVIRONMENT_LACKS'})
  })
})

function errorOf(act: () => void): unknown {
  try {
    act()
  } catch (error) {
    return error
  }
  return undefined
}
