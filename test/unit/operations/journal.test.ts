import {appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync} from 'node:fs'
import {tmpdir, uptime} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {listJobs, summarise} from '../../../src/lib/operations/job-list.js'
import {Journal, newJobId, parseJob, readJob} from '../../../src/lib/operations/journal.js'
import {findResumable, requireNotRunning} from '../../../src/lib/operations/resume.js'
import {moveDocument} from '../../../src/lib/plan/moves/reshard-document.js'
import {waitFor} from '../../support/processes.js'
import {idOf, viewOf} from '../plan/view-of.js'

const PLAN = moveDocument(viewOf([{name: 'a', slots: '0-16383'}, {name: 'b'}]), [
  {from: idOf('a'), to: idOf('b'), slots: [{first: 0, last: 9}]},
])
const WINDOW = {from: idOf('a'), fromEpoch: 1, to: idOf('b'), slots: '0-4'}

let folder: string

beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'shoal-journal-')), 'jobs')
})
afterEach(() => rmSync(join(folder, '..'), {force: true, recursive: true}))

function create(id = 'reshard-1'): Promise<Journal> {
  return Journal.create(folder, {id, command: 'reshard', seed: '127.0.0.1:7000', plan: PLAN})
}

/** The file of a job whose process is gone: no pid is that high. */
function orphan(id: string): void {
  const path = join(folder, `${id}.ndjson`)
  writeFileSync(path, readFileSync(path, 'utf8').replace(/"pid":\d+/g, '"pid":4194999'))
}

describe('Journal', () => {
  it('passes over lines that are no objects', () => {
    const header = JSON.stringify({command: 'import', import: {}, type: 'job'})
    const text = [header, 'null', '5', '{"type":7}', '{"type":"run","pid":1}', '{"type":'].join('\n')
    expect(parseJob('import-1', text).lines.map(({type}) => type)).toEqual(['job', 'run'])
  })

  it('tells a running job, and how far it is', async () => {
    const journal = await create()
    await journal.opening(WINDOW)
    await journal.done({...WINDOW, keys: 7})
    const [job] = await listJobs(folder)
    expect(job).toMatchObject({id: 'reshard-1', state: 'running', slotCount: 10, slotsDone: 5, keysMoved: 7})
    expect(() => requireNotRunning(job as NonNullable<typeof job>)).toThrow(/is running/)
    await journal.close()
  })

  it('keeps its file to its owner, and no second job takes its name', async () => {
    await (await create()).close()
    expect(statSync(join(folder, 'reshard-1.ndjson')).mode & 0o077).toBe(0)
    await expect(create()).rejects.toMatchObject({code: 'ENVIRONMENT_LACKS'})
  })

  it('tells a job that broke off, also with its last line cut', async () => {
    const journal = await create()
    await journal.opening(WINDOW)
    await journal.close()
    orphan('reshard-1')
    appendFileSync(join(folder, 'reshard-1.ndjson'), '{"type":"done","slo')
    const record = await findResumable(folder, undefined)
    expect(summarise(record)).toMatchObject({state: 'broken-off', slotsDone: 0})
    const again = await Journal.reopen(folder, 'reshard-1')
    expect(again.touched).toBe(true)
    expect([...again.reopened.keys()]).toEqual([0, 1, 2, 3, 4])
    expect(summarise(await readJob(folder, 'reshard-1')).state).toBe('running')
    await again.done({...WINDOW, slots: '0-9', keys: 3})
    await again.finished()
    await again.close()
    expect(summarise(await readJob(folder, 'reshard-1'))).toMatchObject({
      state: 'finished',
      slotsDone: 10,
      keysMoved: 3,
    })
  })

  it('does not take slots for copies that were opened at two sources, or before and after a failover', async () => {
    const journal = await create()
    await journal.opening(WINDOW)
    await journal.opening({...WINDOW, slots: '1', from: idOf('c')})
    await journal.opening({...WINDOW, slots: '2', fromEpoch: 2})
    await journal.opening({...WINDOW, slots: '3'})
    await journal.close()
    const again = await Journal.reopen(folder, 'reshard-1')
    await again.opening({...WINDOW, slots: '1', from: idOf('c')})
    expect([...again.reopened].map(([slot, {from, fromEpoch}]) => [slot, from, fromEpoch])).toEqual([
      [0, idOf('a'), 1],
      // No node has this epoch.
      [1, idOf('c'), -1],
      [2, idOf('a'), -1],
      [3, idOf('a'), 1],
      [4, idOf('a'), 1],
    ])
    await again.close()
  })

  it('takes no job for running whose pid is another process by now: this one, or one of after a reboot', async () => {
    const journal = await create()
    await journal.close()
    const path = join(folder, 'reshard-1.ndjson')
    const text = readFileSync(path, 'utf8')
    const stateOf = async (pid: number, at: Date) => {
      writeFileSync(path, text.replace(/"at":"[^"]*","pid":\d+/, `"at":"${at.toISOString()}","pid":${pid}`))
      return summarise(await readJob(folder, 'reshard-1')).state
    }
    const secondsAgo = (seconds: number) => new Date(Date.now() - seconds * 1000)
    expect(await stateOf(process.pid, secondsAgo(0))).toBe('running')
    expect(await stateOf(process.pid, secondsAgo(process.uptime() + 10))).toBe('broken-off')
    expect(await stateOf(process.ppid, secondsAgo(process.uptime() + 10))).toBe('running')
    expect(await stateOf(process.ppid, secondsAgo(uptime() + 10))).toBe('broken-off')
  })

  it('tells why a job stopped, until it runs again', async () => {
    const journal = await create()
    await journal.stopped('INTERRUPTED', 'interrupted')
    await journal.close()
    expect(summarise(await readJob(folder, 'reshard-1'))).toMatchObject({state: 'stopped', reason: 'interrupted'})
    await (await Journal.reopen(folder, 'reshard-1')).close()
    expect(summarise(await readJob(folder, 'reshard-1'))).not.toHaveProperty('reason')
  })

  it('resumes the newest job that is not finished', async () => {
    for (const id of ['reshard-1', 'reshard-2', 'reshard-3']) {
      const journal = await create(id)
      await (id === 'reshard-3' ? journal.finished() : journal.stopped('PLAN_PARTIAL', 'x'))
      await journal.close()
      // Jobs are in the order of their beginning, which has milliseconds.
      const began = Date.now()
      await waitFor(() => Date.now() > began, {what: 'the next millisecond', everyMs: 1})
    }
    expect((await findResumable(folder, undefined)).header.id).toBe('reshard-2')
    expect((await findResumable(folder, 'reshard-1')).header.id).toBe('reshard-1')
  })

  it('finds no job where there is none, and none by a path', async () => {
    await expect(findResumable(folder, undefined)).rejects.toMatchObject({code: 'NOT_FOUND', exitCode: 4})
    await expect(readJob(folder, '../x')).rejects.toMatchObject({code: 'NOT_FOUND'})
    await (await create()).close()
    writeFileSync(join(folder, 'reshard-9.ndjson'), 'garbage\n')
    expect((await listJobs(folder)).map(({id}) => id)).toEqual(['reshard-1'])
  })

  it('names jobs so that they sort by time', () => {
    expect(newJobId('reshard')).toMatch(/^reshard-\d{8}-\d{6}-\d+$/)
  })
})
