import {readdirSync, readFileSync, statSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {beforeEach, describe, expect, it} from 'vitest'
import {CliError} from '../../../../src/lib/kernel/errors.js'
import {
  forgetOldTasks,
  KEPT_MS,
  readTask,
  readTasks,
  statusOfTask,
  TaskFile,
} from '../../../../src/lib/operations/crdb/task-file.js'
import {cancelTask, summariseTask} from '../../../../src/lib/operations/crdb/task-list.js'
import {
  type CrdbParts,
  NO_OUTCOME,
  recoverTasks,
  runTask,
  type TaskRun,
  type TaskWork,
} from '../../../../src/lib/operations/crdb/task-run.js'
import {temporaryFolder} from '../../../support/processes.js'

const never = () => new AbortController().signal
const REQUEST = {guid: 'd84f6fe4-5bb7-49d2-a188-8900e09c6f66', operation: 'flush_crdb'} as const

let parts: CrdbParts
let said: string[]
const events = {
  guid: (guid: string) => said.push(guid),
  progress: (text: string) => said.push(text),
  status: (from: string, to: string) => said.push(`${from} -> ${to}`),
}

beforeEach(() => {
  said = []
  const folder = temporaryFolder('tasks')
  const hosts = {
    drop: async () => undefined,
    regions: async () => [],
    retune: async () => undefined,
    start: async () => [],
  }
  parts = {databases: join(folder, 'crdbs'), hosts, lock: (signal, body) => body(signal), tasks: join(folder, 'tasks')}
})

const make = async (id: string) => (await TaskFile.create(parts.tasks, id, REQUEST)).close()
const status = async (id: string) => statusOfTask(await readTask(parts.tasks, id))

function work(
  carryOut: (run: TaskRun) => Promise<unknown>,
  recover: TaskWork['recover'] = async () => 'finished',
): TaskWork {
  return {
    carryOut: async (run) => {
      await carryOut(run)
      return NO_OUTCOME
    },
    recover,
  }
}

/** As a process left it that was killed: what it said last was cut off. */
async function cutShort(id: string, ...steps: string[]): Promise<void> {
  const file = await TaskFile.create(parts.tasks, id, REQUEST)
  await file.append({pid: 1, startToken: 'of another process', type: 'run'})
  await file.append({status: 'started', type: 'status'})
  for (const step of steps) await file.append({step, type: 'before'})
  await file.close()
  writeFileSync(join(parts.tasks, `${id}.ndjson`), '{"type":"aft', {flag: 'a'})
}

describe('a task', () => {
  it('says in its file, for its owner alone, what was done', async () => {
    await make('a')
    await runTask(
      parts,
      work(async (run) => {
        await run.step('one', async () => undefined)
        await run.assignGuid('g')
      }),
      'a',
      never(),
      events,
    )
    expect(said).toEqual(['queued -> started', 'g', 'started -> finished'])
    expect(summariseTask(await readTask(parts.tasks, 'a'))).toMatchObject({
      errors: [],
      operation: 'flush_crdb',
      status: 'finished',
      steps: [{done: true, step: 'one'}],
    })
    expect(statSync(join(parts.tasks, 'a.ndjson')).mode & 0o077).toBe(0)
  })

  it('fails with what went wrong, and where', async () => {
    await make('a')
    const failing = work(async (run) =>
      run.step('one', async () => {
        throw new CliError('UNREACHABLE', 'gone', {details: {cluster: 'eu'}})
      }),
    )
    await expect(runTask(parts, failing, 'a', never(), events)).rejects.toMatchObject({
      code: 'UNREACHABLE',
      details: {task: 'a'},
    })
    expect(summariseTask(await readTask(parts.tasks, 'a'))).toMatchObject({
      errors: [{cluster: 'eu', code: 'UNREACHABLE', description: 'gone'}],
      status: 'failed',
      steps: [{done: false, step: 'one'}],
    })
  })

  it('begins no step once it is interrupted', async () => {
    await make('a')
    const abort = new AbortController()
    const steps: string[] = []
    const two = work(async (run) => {
      await run.step('one', async () => abort.abort())
      await run.step('two', async () => steps.push('two'))
    })
    await expect(runTask(parts, two, 'a', abort.signal, events)).rejects.toMatchObject({code: 'INTERRUPTED'})
    expect([steps, await status('a')]).toEqual([[], 'failed'])
  })

  it('is brought to an end by the next one where its process was killed', async () => {
    await cutShort('dead', 'one')
    await make('next')
    const reached: boolean[] = []
    const next: TaskWork = {
      carryOut: async () => NO_OUTCOME,
      recover: async (_run, _request, has) => {
        reached.push(has('one', 'before'), has('one', 'after'), has('two', 'before'))
        return 'undone'
      },
    }
    await runTask(parts, next, 'next', never(), events)
    expect(reached).toEqual([true, false, false])
    expect([await status('dead'), await status('next')]).toEqual(['failed', 'finished'])
    const {errors} = summariseTask(await readTask(parts.tasks, 'dead'))
    expect(errors).toEqual([{code: 'INTERRUPTED', description: 'its process was killed; what it had done was undone'}])
    expect(said[0]).toBe('task dead (flush_crdb) was cut short: bringing it to an end')
  })

  it('is finished by recovery, without a lock where there is nothing to do', async () => {
    let locks = 0
    const counting: CrdbParts = {
      ...parts,
      lock: (signal, body) => {
        locks++
        return body(signal)
      },
    }
    expect(
      await recoverTasks(
        counting,
        work(async () => undefined),
        never(),
        events,
      ),
    ).toEqual([])
    await cutShort('dead')
    // One that is under way is left alone, and so is one whose process is about to start.
    await make('queued')
    const running = await TaskFile.create(parts.tasks, 'running', REQUEST)
    await running.run()
    await running.close()
    expect(
      await recoverTasks(
        counting,
        work(async () => undefined),
        never(),
        events,
      ),
    ).toEqual(['dead'])
    expect([locks, await status('dead'), await status('queued'), await status('running')]).toEqual([
      1,
      'finished',
      'queued',
      'queued',
    ])
  })

  it('stays for the next time where it cannot be brought to an end, and keeps nobody from going on', async () => {
    await cutShort('dead')
    await cutShort('gone')
    await make('next')
    const away: TaskWork = {
      carryOut: async () => NO_OUTCOME,
      recover: async () => {
        const code = said.some((text) => text.includes('yet')) ? 'NOT_FOUND' : 'UNREACHABLE'
        throw new CliError(code, 'nobody answers')
      },
    }
    await runTask(parts, away, 'next', never(), events)
    expect(said).toContain('task dead cannot be brought to an end yet: nobody answers')
    expect([await status('dead'), await status('gone'), await status('next')]).toEqual([
      'started',
      'failed',
      'finished',
    ])
  })

  it('can be cancelled before it begins, and not once it has ended', async () => {
    await make('a')
    expect(await cancelTask(parts.tasks, 'a', never())).toMatchObject({status: 'failed'})
    await expect(
      runTask(
        parts,
        work(async () => undefined),
        'a',
        never(),
        events,
      ),
    ).rejects.toThrow('cancelled before it began')
    await expect(cancelTask(parts.tasks, 'a', never())).rejects.toThrow('406 Not Acceptable: it has failed')
    await expect(cancelTask(parts.tasks, '../a', never())).rejects.toThrow('404 Not Found')
  })

  it('is forgotten some time after its end', async () => {
    await make('a')
    await make('b')
    await runTask(
      parts,
      work(async () => undefined),
      'a',
      never(),
      events,
    )
    await forgetOldTasks(parts.tasks, Date.now() + KEPT_MS - 1000)
    expect(await readTasks(parts.tasks)).toHaveLength(2)
    await forgetOldTasks(parts.tasks, Date.now() + KEPT_MS + 1000)
    expect(readdirSync(parts.tasks)).toEqual(['b.ndjson'])
    expect(readFileSync(join(parts.tasks, 'b.ndjson'), 'utf8')).toContain('flush_crdb')
  })
})
