import {readdirSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterAll, beforeAll, beforeEach, expect, it} from 'vitest'
import {type RunResult, runShoal} from '../support/cli.js'
import {loadSchemas, validate} from '../support/json-schema.js'
import {
  describeWithPeers,
  hurryReplication,
  type RealCluster,
  type RedisNode,
  startRealCluster,
  startRedis,
} from '../support/peers.js'
import {temporaryFolder, waitFor} from '../support/processes.js'
import {digestOf, sendByKey} from './backup-support.js'
import {differences, digestsOfCluster, keysOf, plainKeys, sendAll} from './import-support.js'

interface Job {
  readonly id: string
  readonly command: string
  readonly state: string
  readonly from?: string
  readonly keysMoved: number
  readonly suggestion?: string
}

interface ImportDocument {
  readonly status: string
  readonly plan: {readonly move: boolean}
  readonly result: {
    readonly job: string
    readonly scanned: number
    readonly conflict: number
    readonly resumedAfter: number
    readonly verified: object
  }
}

interface Failure {
  readonly error: {readonly code: string; readonly message: string; readonly suggestions: readonly string[]}
}

const PASSWORD = 'the secret of the source'
const COUNT = 40_000

const schemas = loadSchemas()

/** Runs, waits until it is true, and kills. @returns whether it was killed before it was through */
async function killOnce(args: readonly string[], env: Record<string, string>, isTrue: () => unknown): Promise<boolean> {
  let kill: (() => void) | undefined
  let ended: RunResult | undefined
  const running = runShoal(args, {
    env,
    onStart: (run) => {
      kill = () => run.kill('SIGKILL')
    },
  }).then((run) => {
    ended = run
    return run
  })
  await waitFor(async () => ended ?? (await isTrue()), {what: 'the moment to kill', everyMs: 1, deadlineMs: 40_000})
  kill?.()
  return (await running).signal === 'SIGKILL'
}

describeWithPeers('jobs and resume of what brings keys in', () => {
  let cluster: RealCluster
  let source: RedisNode
  let other: RealCluster
  let env: Record<string, string>

  beforeAll(async () => {
    ;[cluster, source, other] = await Promise.all([
      startRealCluster(3),
      startRedis({password: PASSWORD}),
      startRealCluster(2),
    ])
  })
  afterAll(() => Promise.all([cluster?.stop(), source?.stop(), other?.stop()]))
  beforeEach(() => {
    env = {SHOAL_STATE_DIR: temporaryFolder('load-state'), SHOAL_FROM_PASSWORD: PASSWORD}
  })

  const shoal = (words: readonly string[], more: Record<string, string> = {}) =>
    runShoal([...words, '--json'], {env: {...env, ...more}, timeoutMs: 100_000})
  const journals = () => {
    const folder = join(env['SHOAL_STATE_DIR'] as string, 'jobs')
    return readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'))
  }
  const reachedSome = () => {
    try {
      return journals().some((text) => /"scanned":[1-9]/.test(text))
    } catch {
      return false
    }
  }
  const onlyJob = async () => {
    const run = await shoal(['jobs'])
    expect(validate(run.json(), 'jobs.schema.json', schemas)).toEqual([])
    const {jobs} = run.json<{jobs: Job[]}>()
    expect(jobs).toHaveLength(1)
    return jobs[0] as Job
  }
  const resumed = async (words: readonly string[], code = 0) => {
    const run = await shoal(['resume', ...words])
    expect(run.code, run.stdout + run.stderr).toBe(code)
    expect(validate(run.json(), 'resume.schema.json', schemas), run.stdout).toEqual([])
    return run
  }
  const flush = () => Promise.all([...cluster.nodes, source].map((node) => node.call('FLUSHALL')))
  const importArgs = (from: RedisNode, ...words: string[]) => [
    'import',
    cluster.seed,
    '--from',
    `127.0.0.1:${from.port}`,
    '--yes',
    ...words,
  ]

  /** Fills a server and kills an import of it in the middle of the keys. One that was through is done again. */
  const killedImport = async (from: RedisNode, password: string | undefined, ...words: string[]) => {
    for (let attempt = 0; attempt < 5; attempt++) {
      env = {...env, SHOAL_STATE_DIR: temporaryFolder('load-state')}
      await Promise.all(cluster.nodes.map((node) => node.call('FLUSHALL')))
      await sendAll(from.port, [['FLUSHALL'], ...plainKeys(COUNT)], password)
      if (await killOnce(importArgs(from, ...words), env, reachedSome)) return
    }
    throw new Error('the import was through before it could be killed')
  }

  it('an import that was killed is listed, and resumed to its end', async () => {
    await killedImport(source, PASSWORD)
    const job = await onlyJob()
    expect(job).toMatchObject({
      command: 'import',
      state: 'broken-off',
      from: `127.0.0.1:${source.port}`,
      database: 0,
      slotCount: 0,
      suggestion: `shoal resume ${job.id}`,
    })
    expect(job.keysMoved).toBeGreaterThan(0)
    expect(job.keysMoved).toBeLessThan(COUNT)
    expect((await runShoal(['jobs'], {env})).stdout).toMatch(new RegExp(`To go on:\n  shoal resume ${job.id}`))
    // Nothing is known of how to log in.
    expect(journals().join()).not.toContain(PASSWORD)
    const refused = await shoal(['resume'], {SHOAL_FROM_PASSWORD: ''})
    expect([refused.code, refused.json<Failure>().error.code]).toEqual([7, 'AUTH_FAILED'])
    const stricter = await shoal(['resume', '--replace'])
    expect([stricter.code, stricter.json<Failure>().error.code]).toEqual([2, 'BAD_FLAG'])

    const {result, status} = (await resumed([])).json<ImportDocument>()
    expect(status).toBe('imported')
    expect(result).toMatchObject({
      job: job.id,
      conflict: 0,
      verified: {mode: 'full', checked: COUNT, missing: 0, different: 0},
    })
    expect(result.resumedAfter).toBeGreaterThan(0)
    expect(await differences(source, cluster.nodes, {source: PASSWORD})).toEqual([])

    expect(await onlyJob()).toMatchObject({id: job.id, state: 'finished'})
    expect((await resumed([job.id])).json()).toEqual({status: 'finished', job: job.id})
    expect((await shoal(['resume'])).code).toBe(4)
    const undone = await shoal(['undo', job.id])
    expect([undone.code, undone.json<Failure>().error.code]).toEqual([3, 'PREFLIGHT_FAILED'])
    expect((await shoal(['undo'])).code).toBe(4)
  })

  it('a move of keys goes on as a move, by the id of its job', async () => {
    await killedImport(source, PASSWORD, '--move', '--verify', 'none')
    const {id} = await onlyJob()
    const {plan, result} = (await resumed([id])).json<ImportDocument>()
    expect(plan.move).toBe(true)
    expect(result).toMatchObject({conflict: 0, kept: 0, verified: {mode: 'each'}})
    expect(await keysOf(source.port, PASSWORD)).toEqual([])
    expect((await digestsOfCluster(cluster.nodes)).size).toBe(COUNT)
  })

  it('what stops on Ctrl-C names the job, which the command itself takes up as well', async () => {
    await flush()
    await sendAll(source.port, plainKeys(COUNT), PASSWORD)
    let kill: ((signal: NodeJS.Signals) => void) | undefined
    const stopped = await runShoal([...importArgs(source), '--json', '--events'], {
      env,
      onStart: (run) => {
        kill = run.kill
      },
      onStderr: (text) => {
        if (!text.includes('"progress"')) return
        kill?.('SIGINT')
        // A second Ctrl-C would end the process at once.
        kill = undefined
      },
    })
    expect(stopped.code, stopped.stdout).toBe(130)
    const job = await onlyJob()
    expect(job.state).toBe('stopped')
    expect(stopped.json<Failure>().error.suggestions).toContain(`shoal resume ${job.id}`)
    const again = await shoal(importArgs(source, '--restart'))
    expect(again.json<ImportDocument>().result).toMatchObject({job: job.id, conflict: 0, resumedAfter: 0})
    expect(await onlyJob()).toMatchObject({id: job.id, state: 'finished'})
  })

  it('keys are not taken from a source that was started anew; the command that does it is told', async () => {
    const folder = temporaryFolder('source')
    let server = await startRedis({folder})
    try {
      await killedImport(server, undefined)
      await server.call('SAVE')
      await server.kill()
      server = await startRedis({folder, port: server.port})
      const {id} = await onlyJob()
      const refused = await shoal(['resume'])
      const {code, message, suggestions} = refused.json<Failure>().error
      expect([refused.code, code]).toEqual([3, 'PREFLIGHT_FAILED'])
      expect(message).toMatch(/was started anew since job import-\S+ began/)
      expect(suggestions).toEqual([`shoal import ${cluster.seed} --from 127.0.0.1:${server.port}`])
      const done = await shoal([...(suggestions[0] as string).split(' ').slice(1), '--yes'])
      expect(done.code, done.stdout).toBe(0)
      expect(done.json<ImportDocument>().result).toMatchObject({job: id, resumedAfter: 0, scanned: COUNT, conflict: 0})
      expect(await onlyJob()).toMatchObject({id, state: 'finished'})
      expect(await differences(server, cluster.nodes)).toEqual([])
    } finally {
      await server.stop()
    }
  })

  it('a restore that was killed is listed, and resumed to its end; not from another backup', async () => {
    await flush()
    await hurryReplication(cluster.nodes)
    await sendByKey(
      cluster.nodes,
      Array.from({length: COUNT}, (_, i) => ['SET', `many:${i}`, `value ${i}`]),
    )
    const folder = join(temporaryFolder('backup'), 'many')
    const backup = await shoal(['backup', cluster.seed, folder])
    expect(backup.code, backup.stdout).toBe(0)
    const held = async () => {
      const counts = await Promise.all(other.nodes.map(async (node) => Number(await node.call('DBSIZE'))))
      return counts.reduce((a, b) => a + b, 0)
    }
    const restore = ['restore', other.seed, folder, '--yes']
    let isKilled = false
    for (let attempt = 0; attempt < 5 && !isKilled; attempt++) {
      env = {...env, SHOAL_STATE_DIR: temporaryFolder('load-state')}
      await Promise.all(other.nodes.map((node) => node.call('FLUSHALL')))
      isKilled = await killOnce(restore, env, async () => (await held()) > 100)
    }
    expect([isKilled, (await held()) < COUNT]).toEqual([true, true])
    const job = await onlyJob()
    expect(job).toMatchObject({
      command: 'restore',
      state: 'broken-off',
      from: folder,
      suggestion: `shoal resume ${job.id}`,
    })

    const path = join(folder, 'manifest.json')
    const manifest = readFileSync(path, 'utf8')
    const {finishedAt} = JSON.parse(manifest) as {finishedAt: string}
    writeFileSync(path, manifest.replace(`"finishedAt": "${finishedAt}"`, '"finishedAt": "2026-01-01T00:00:00.000Z"'))
    const refused = await shoal(['resume'])
    expect([refused.code, refused.json<Failure>().error]).toMatchObject([
      3,
      {code: 'PREFLIGHT_FAILED', suggestions: [`shoal restore ${other.seed} ${folder}`]},
    ])
    writeFileSync(path, manifest)

    const run = await resumed([])
    expect(run.json()).toMatchObject({
      status: 'restored',
      result: {job: job.id, keys: {conflict: 0}, verified: {equal: COUNT, missing: 0, different: 0}},
    })
    expect([...(await digestOf(other.nodes))].sort()).toEqual([...(await digestOf(cluster.nodes))].sort())
    expect(await onlyJob()).toMatchObject({id: job.id, state: 'finished', keysMoved: expect.any(Number)})
    expect((await resumed([job.id])).json()).toEqual({status: 'finished', job: job.id})
  })
})
