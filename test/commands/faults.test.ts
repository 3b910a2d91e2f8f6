import {join} from 'node:path'
import {Config} from '@oclif/core'
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'
import Flaky from '../../src/commands/flaky.js'
import Heal from '../../src/commands/heal.js'
import Partition from '../../src/commands/partition.js'
import Slow from '../../src/commands/slow.js'
import type {EnvironmentParts} from '../../src/lib/environment/parts.js'
import {EnvironmentStore} from '../../src/lib/environment/store.js'
import {bringUp} from '../../src/lib/environment/up.js'
import {packageFolder} from '../support/cli.js'
import {FakeDriver} from '../support/env-fake-driver.js'
import {FakeEngine} from '../support/env-fake-engine.js'
import {loadSchemas, validate} from '../support/json-schema.js'
import {claimPorts} from '../support/ports.js'
import {temporaryFolder} from '../support/processes.js'

/** The commands in this process, on an engine in memory. */
const fake = vi.hoisted(() => ({parts: undefined as EnvironmentParts | undefined}))
vi.mock('../../src/lib/cli/environment/parts.js', () => ({environmentParts: () => fake.parts}))

const COMMANDS = {flaky: Flaky, heal: Heal, partition: Partition, slow: Slow}
const schemas = loadSchemas()

let engine: FakeEngine
let driver: FakeDriver
let config: Config

beforeEach(async () => {
  config ??= await Config.load({root: packageFolder()})
  const basePort = await claimPorts(6)
  engine = new FakeEngine()
  driver = new FakeDriver(basePort, 3)
  const store = new EnvironmentStore(join(temporaryFolder('faults'), 'state'))
  fake.parts = {driver, engines: {all: [engine], of: () => engine}, store}
  const request = {basePort, name: 'default', regions: ['eu', 'us']}
  await bringUp(fake.parts, request, new AbortController().signal)
  vi.spyOn(process.stderr, 'write').mockReturnValue(true)
})

afterEach(async () => {
  vi.restoreAllMocks()
  process.exitCode = undefined
  for (const node of await engine.list()) await engine.stop(node)
})

/** @returns what it printed on stdout, and its exit code */
async function shoal(line: string): Promise<{code: number; stdout: string}> {
  const [id = '', ...argv] = line.split(' ')
  let stdout = ''
  const out = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    stdout += text
    return true
  })
  process.exitCode = undefined
  const command = new COMMANDS[id as keyof typeof COMMANDS](argv, config)
  command.id = id
  // As oclif runs it: a failure is told by the command, and only its exit code is left.
  await (command as unknown as {_run(): Promise<unknown>})._run().catch(() => undefined)
  out.mockRestore()
  const code = Number(process.exitCode ?? 0)
  return {code, stdout}
}

/** Under --json, checked against the schema of the command or of errors. */
async function json(line: string): Promise<{code: number; document: Record<string, unknown>}> {
  const {code, stdout} = await shoal(`${line} --json`)
  const document = JSON.parse(stdout)
  const file = code === 0 ? `${line.split(' ')[0]}.schema.json` : 'error.schema.json'
  expect(validate(document, file, schemas)).toEqual([])
  return {code, document}
}

const rules = () => engine.links.rules.get('default') ?? []

describe('shoal partition', () => {
  it.each([
    ['n1,n4 / n2', 'n1,n4 / n2 / n3,n5,n6'],
    ['n1,n4 n2', 'n1,n4 / n2 / n3,n5,n6'],
    ['--isolate key:foo', 'n3 / n1,n2,n4,n5,n6'],
    ['--one-way role:primary:n4', 'n1,n2,n3 -> n4'],
    ['--bridge n3', 'n1,n2,n3 / n3,n4,n5,n6'],
    ['n1 / n2 --bridge n3', 'n1,n3 / n2,n3 / n3,n4,n5,n6'],
    ['--regions', 'n1,n3,n5 / n2,n4,n6'],
    ['--regions us', 'n2,n4,n6 / n1,n3,n5'],
    ['--minority', 'n1 / n2,n3,n4,n5,n6'],
    ['--majority', 'n1,n2 / n3,n4,n5,n6'],
    ['--halves', 'n1,n5,n6 / n2,n3,n4'],
    ['--primaries', 'n1 / n2 / n3 / n4,n5,n6'],
    ['--ring', 'ring n1 n2 n3 n4 n5 n6'],
  ])('%s', async (args, text) => {
    const {code, document} = await json(`partition ${args}`)
    expect({code, document}).toMatchObject({code: 0, document: {fault: {id: 'f1', text}}})
    expect(rules().length).toBeGreaterThan(0)
  })

  it('shows at a look who reaches whom, and how to undo it', async () => {
    const {stdout} = await shoal('partition n1 --mode reset --for 30s')
    expect(stdout).toBe(
      [
        'partition f1 in default: n1 / n2,n3,n4,n5,n6, heals by itself in 30.0 s',
        'Groups that do not reach each other: n1 / n2,n3,n4,n5,n6.',
        'FROM \\ TO  n1  n2  n3  n4  n5  n6',
        'n1         -   x   x   x   x   x',
        'n2         x   -   .   .   .   .',
        'n3         x   .   -   .   .   .',
        'n4         x   .   .   -   .   .',
        'n5         x   .   .   .   -   .',
        'n6         x   .   .   .   .   -',
        'x cut',
        'Undo: shoal heal',
        '',
      ].join('\n'),
    )
    expect(rules()[0]).toMatchObject({effect: {kind: 'reset'}, untilMs: expect.any(Number)})
  })

  it('by chance tells the seed by which it is the same again', async () => {
    const {stdout} = await shoal('partition --random')
    const [, seed] = /The same again: --seed (\d+)\n/.exec(stdout) ?? []
    const first = stdout.split('\n')[0]
    expect((await shoal(`partition --random --seed ${seed}`)).stdout.split('\n')[0]).toBe(first?.replace('f1', 'f2'))
  })

  it('takes the place of the one before, or is added', async () => {
    await shoal('partition n1')
    expect((await json('partition n2')).document).toMatchObject({replaced: ['f1']})
    expect((await json('partition n3 --add')).document).toMatchObject({replaced: []})
  })

  it('touches nothing in a dry run', async () => {
    expect(await json('partition n1 --dry-run')).toMatchObject({code: 0, document: {dryRun: true}})
    expect((await shoal('partition n1 --dry-run')).stdout).not.toMatch(/Undo/)
    expect(engine.links.rules.size).toBe(0)
  })

  it.each([
    ['partition n1 --name defualt', 4, 'NOT_FOUND', 'Did you mean default?'],
    ['partition n11', 3, 'UNKNOWN_NODE', 'did you mean n1?'],
    ['partition all', 3, 'PREFLIGHT_FAILED', 'nothing would be cut'],
    ['partition --one-way n1', 2, 'BAD_FLAG', 'is not A:B'],
    ['partition', 2, 'BAD_FLAG', 'whom to part is not said'],
    ['partition n1 --minority', 2, 'BAD_FLAG', 'more than one way: --minority, groups'],
    ['partition --isolate n1 --ring', 2, 'BAD_FLAG', 'more than one way'],
    ['slow n1', 2, 'BAD_FLAG', 'latency'],
    ['slow n1 --latency 10ms --jitter 20ms', 2, 'BAD_FLAG', 'more than --latency'],
    ['slow n1 --to n1 --latency 10ms', 3, 'PREFLIGHT_FAILED', 'no link'],
    ['flaky n1 --loss 100%', 2, 'BAD_FLAG', 'is not a share'],
    ['flaky n1 --loss much', 2, 'BAD_FLAG', 'is not a share'],
    ['heal f9', 4, 'NOT_FOUND', 'none is in force'],
    ['heal f1 --all', 2, 'BAD_FLAG', 'two wishes'],
    ['heal --name x', 4, 'NOT_FOUND', 'there is no environment x'],
  ])('refuses: %s', async (line, exit, code, message) => {
    const run = await json(line)
    expect(run.code).toBe(exit)
    expect(run.document).toMatchObject({error: {code, message: expect.stringContaining(message)}})
    expect(rules()).toEqual([])
  })

  it('exits 6 if a link passes on, and leaves nothing; unless it is told to', async () => {
    engine.links.deaf.add('n1')
    const failed = await json('partition n1')
    expect(failed).toMatchObject({code: 6, document: {error: {code: 'FAULT_INEFFECTIVE'}}})
    expect(rules()).toEqual([])
    const kept = await shoal('partition n1 --keep')
    expect(kept).toMatchObject({code: 6, stdout: expect.stringMatching(/^n1 +- +! +! /m)})
    expect(rules()).toHaveLength(10)
  })
})

describe('shoal slow and flaky', () => {
  it('make what is sent late', async () => {
    const {document} = await json('slow n1 --latency 100ms --jitter 20ms --to role:replica')
    expect(document).toMatchObject({fault: {text: 'n1 -> n4,n5,n6: 100 ms ± 20 ms'}})
    expect(rules()).toHaveLength(3)
    expect((await shoal('slow n2 --latency 5ms')).stdout).toMatch(/All nodes reach each other.\n.*\n.*\nn2 +~ +- +~/)
  })

  it.each(['30%', '0.3'])('lose a share of it: %s', async (share) => {
    const {document} = await json(`flaky region:eu --loss ${share}`)
    expect(document).toMatchObject({fault: {text: 'n1,n3,n5 -> all others: 30% lost'}})
    expect(rules()).toHaveLength(15)
  })
})

describe('shoal heal', () => {
  it.each(['heal', 'heal --all', 'heal f1'])('%s', async (line) => {
    await shoal('partition n1')
    expect(await json(line)).toMatchObject({code: 0, document: {faults: [], healed: [{id: 'f1'}]}})
    expect(rules()).toEqual([])
    const again = await shoal(line)
    expect(again).toMatchObject({code: 0, stdout: 'nothing to heal\nAll nodes reach each other.\n'})
  })

  it('waits for the cluster if asked to', async () => {
    driver.calls.length = 0
    await shoal('heal')
    expect(driver.calls).toEqual([])
    expect((await shoal('heal --wait')).stdout).toMatch(/The cluster is ok.\n$/)
    expect(driver.calls).toEqual(['settle'])
  })
})
