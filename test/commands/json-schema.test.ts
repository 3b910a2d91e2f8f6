import {readdirSync, readFileSync} from 'node:fs'
import {basename, join} from 'node:path'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {ERRORS, EXIT_CODES} from '../../src/lib/kernel/errors.js'
import {TaskFile} from '../../src/lib/operations/crdb/task-file.js'
import {FINDING_IDS} from '../../src/lib/plan/finding.js'
import {packageFolder, runShoal} from '../support/cli.js'
import {loadSchemas, requireSound, SCHEMA_FOLDER, schemaFileOf, validate} from '../support/json-schema.js'
import {callRedis, describeWithPeers, type RedisNode, startRedis} from '../support/peers.js'
import {claimPorts} from '../support/ports.js'
import {processesWith, temporaryFolder} from '../support/processes.js'

/** What the runs below are made on: three empty nodes that become a cluster, and a fourth that joins it. */
interface Stage {
  readonly seed: string
  /** HOST:PORT of the nodes, the seed first. */
  readonly addresses: readonly string[]
  readonly newcomer: string
  /** A server that is not in cluster mode, with keys. */
  readonly source: string
  /** A file to write a plan to. */
  readonly planFile: string
  readonly basePort: number
  /** Id of a job that a command began. */
  readonly jobOf: (command: string) => string
  /** Id of a task of a database that ended. */
  readonly taskOf: () => string
  /** Makes a task that waits for a process. */
  readonly queueTask: () => Promise<unknown>
  /** Leaves a slot of the newcomer open at the seed. */
  readonly openSlot: () => Promise<unknown>
}

const QUEUED = '633aaea3-97ee-4bcb-af39-a9cb25d7d4da'

/** How they are called in the names of tests. */
const PLACEHOLDERS: Stage = {
  addresses: ['SEED', 'A', 'B'],
  basePort: 17_001,
  jobOf: () => 'ID',
  openSlot: async () => undefined,
  queueTask: async () => undefined,
  taskOf: () => 'ID',
  newcomer: 'NEW',
  planFile: 'FILE',
  source: 'SOURCE',
  seed: 'SEED',
}

interface Run {
  readonly args: (stage: Stage) => readonly string[]
  readonly before?: (stage: Stage) => Promise<unknown>
  /** Default 0. */
  readonly exit?: number
  /** Default: that of the command, which is the first word. */
  readonly schema?: string
}

/**
 * Every command, in an order in which each finds what it needs; `--json` is added. A new command takes a line here and
 * `docs/json/COMMAND.schema.json`. What only happens sometimes (a `result` after a dry run) wants a run for each case.
 */
const RUNS: readonly Run[] = [
  {args: ({basePort}) => ['up', '--primaries', '1', '--base-port', `${basePort}`]},
  {args: ({basePort}) => ['up', '--primaries', '1', '--base-port', `${basePort}`]},
  {args: () => ['ps']},
  {args: ({planFile}) => ['compose', '--output', `${planFile}.compose`]},
  {args: () => ['list']},
  {args: () => ['wait', '--for', 'healed']},
  {args: () => ['logs', 'n1', '--lines', '2']},
  {args: () => ['env']},
  {args: () => ['doctor']},
  {args: () => ['pause', 'n2']},
  {args: () => ['unpause', '--all']},
  {args: () => ['kill', 'n2']},
  {args: () => ['start', 'n2']},
  {args: () => ['stop', 'n2']},
  {args: () => ['restart', '--all']},
  {args: ({basePort}) => ['check', `127.0.0.1:${basePort}`]},
  {args: ({basePort}) => ['info', `127.0.0.1:${basePort}`]},
  {args: () => ['partition', 'n1', '--dry-run']},
  {args: () => ['partition', 'n1', '--for', '1m']},
  {args: () => ['slow', 'n1', '--latency', '20ms', '--jitter', '5ms']},
  {args: () => ['flaky', 'n1', '--loss', '10%', '--to', 'n2']},
  {args: () => ['heal', 'f2']},
  {args: () => ['heal', '--wait']},
  {args: () => ['scale', '--replicas', '0']},
  {args: () => ['down']},
  {args: () => ['down']},
  {args: () => ['ps']},
  {args: () => ['image', 'build', '--server', 'shoal', '--dry-run']},

  {args: () => ['up', '--topology', 'crdb', '--regions', 'a,b,c']},
  {args: () => ['crdb', 'list']},
  {
    args: ({basePort}) => [
      ...['crdb', 'create', '--name', 'db', '--memory-size', '64mb', '--port', `${basePort}`],
      ...['--instance', 'fqdn=a', '--instance', 'fqdn=b'],
    ],
  },
  {args: () => ['crdb', 'list']},
  {args: () => ['crdb', 'get']},
  {args: () => ['crdb', 'update', '--compression', '0']},
  {args: () => ['crdb', 'update', '--compression', '0']},
  {args: () => ['crdb', 'flush', '--yes']},
  {before: ({basePort}) => callRedis(basePort, ['HINCRBY', 'k', 'f', '1']), args: () => ['crdb', 'verify', '--deep']},
  {args: () => ['crdb', 'lag', '--watch', '--interval', '100ms', '--count', '2']},
  {args: () => ['crdb', 'health-report']},
  {args: () => ['partition', '--regions', 'a']},
  {
    before: ({basePort}) => callRedis(basePort, ['SET', 'k', 'v', 'EX', '1000']),
    args: () => ['crdb', 'verify', '--wait', '100ms'],
    exit: 9,
  },
  {args: () => ['crdb', 'explain', 'k']},
  {args: () => ['crdb', 'explain', 'k', 'f']},
  {args: () => ['heal', '--wait']},
  {args: () => ['crdb', 'add-instance', '--instance', 'fqdn=c']},
  {args: () => ['crdb', 'remove-instance', '--instance-id', '3', '--force', '--yes']},
  {args: () => ['crdb', 'get']},
  {args: () => ['crdb', 'purge-instance', '--instance-id', '3', '--yes']},
  {args: () => ['crdb', 'task', 'list']},
  {args: ({taskOf}) => ['crdb', 'task', 'status', '--task-id', taskOf()]},
  {args: ({taskOf}) => ['resume', taskOf()]},
  {args: ({taskOf}) => ['crdb', 'task', 'cancel', '--task-id', taskOf()], exit: 3, schema: 'error.schema.json'},
  // What comes too late for one that is done, comes in time for one that nobody has begun.
  {before: ({queueTask}) => queueTask(), args: () => ['crdb', 'task', 'cancel', '--task-id', QUEUED]},
  {args: () => ['crdb', 'delete', '--yes']},
  {args: () => ['ps']},
  {args: () => ['down']},

  {args: () => ['jobs']},
  {args: () => ['resume'], exit: 4, schema: 'error.schema.json'},
  {args: ({addresses}) => ['create', ...addresses, '--dry-run']},
  {args: ({addresses}) => ['create', ...addresses, '--yes']},
  {args: ({addresses}) => ['create', ...addresses, '--yes']},
  {args: ({seed}) => ['check', seed]},
  {args: ({seed}) => ['check', seed, '--search-stray-keys', '--fail-on', 'warning'], exit: 9},
  {args: ({seed}) => ['info', seed]},
  {args: ({seed}) => ['call', seed, 'COMMAND', 'INFO', 'get']},
  {args: ({seed}) => ['call', seed, '--only-primaries', 'NO-SUCH-COMMAND'], exit: 3},
  {args: ({seed}) => ['set-timeout', seed, '3000', '--yes']},
  {args: ({seed, source}) => ['import', seed, '--from', source, '--dry-run']},
  {args: ({seed, source}) => ['import', seed, '--from', source, '--yes']},
  {args: ({seed, source}) => ['import', seed, '--from', source, '--verify', 'count', '--yes']},
  {args: ({seed, source}) => ['import', seed, '--from', source, '--move', '--yes']},
  {args: ({jobOf}) => ['resume', jobOf('import')]},
  {args: ({jobOf}) => ['undo', jobOf('import')], exit: 3, schema: 'error.schema.json'},

  // Nodes wait a while for more replicas before they send a snapshot.
  {args: ({seed}) => ['call', seed, 'CONFIG', 'SET', 'repl-diskless-sync-delay', '0']},
  {
    args: ({seed}) => [
      'call',
      seed,
      'FUNCTION',
      'LOAD',
      "#!lua name=lib\nredis.register_function('f', function() end)",
    ],
  },
  {args: ({planFile, seed}) => ['backup', seed, `${planFile}.backup`]},
  {args: ({planFile, seed}) => ['backup', seed, `${planFile}.bare`, '--no-acl']},
  {args: ({planFile}) => ['backup', 'verify', `${planFile}.backup`]},
  {args: ({planFile, seed}) => ['restore', seed, `${planFile}.backup`, '--dry-run']},
  {args: ({planFile, seed}) => ['restore', seed, `${planFile}.backup`, '--acl', '--yes']},
  {args: ({jobOf}) => ['resume', jobOf('restore')]},

  {args: ({newcomer, seed}) => ['add-node', newcomer, seed, '--replica', '--dry-run']},
  {
    args: ({addresses, newcomer, seed}) => [
      'add-node',
      newcomer,
      seed,
      '--replica',
      '--primary-id',
      addresses[1] as string,
      '--yes',
    ],
  },
  {args: ({newcomer, seed}) => ['add-node', newcomer, seed, '--replica', '--yes']},
  {args: ({seed}) => ['check', seed]},
  {args: ({seed}) => ['status', seed]},
  {args: ({seed}) => ['status', seed, 'shards', '--issues-only']},
  {args: ({seed}) => ['watch', seed, '--interval', '100ms']},
  {args: ({newcomer}) => ['failover', newcomer, '--dry-run']},
  {args: ({newcomer}) => ['failover', newcomer, '--yes']},
  {args: ({newcomer}) => ['maintenance', 'on', newcomer, '--drain', '--dry-run']},
  {args: ({newcomer}) => ['maintenance', 'on', newcomer, '--drain', '--yes']},
  {args: ({newcomer}) => ['maintenance', 'off', newcomer, '--yes']},

  {
    args: ({newcomer, planFile, seed}) => [
      'reshard',
      seed,
      '--to',
      newcomer,
      '--slots',
      '0-9',
      '--dry-run',
      '--plan-out',
      planFile,
    ],
  },
  {args: ({planFile}) => ['apply', planFile, '--yes']},
  {args: ({planFile}) => ['apply', planFile, '--yes']},
  {args: ({jobOf}) => ['resume', jobOf('apply')]},
  {args: () => ['undo', '--yes']},
  {
    args: ({newcomer, seed}) => ['reshard', seed, '--to', newcomer, '--slots', '0-9'],
    exit: 2,
    schema: 'error.schema.json',
  },
  {args: ({newcomer, seed}) => ['reshard', seed, '--to', newcomer, '--slots', '0-9', '--yes']},
  {args: ({newcomer, seed}) => ['reshard', seed, '--to', newcomer, '--slots', '0-9', '--yes']},
  {args: ({seed}) => ['fix', seed]},
  {args: ({seed}) => ['fix', seed, '--dry-run'], before: ({openSlot}) => openSlot()},
  {args: ({seed}) => ['fix', seed, '--yes']},
  {args: ({jobOf}) => ['resume', jobOf('fix')]},
  {args: ({seed}) => ['rebalance', seed, '--threshold', '0', '--dry-run']},
  {args: ({seed}) => ['rebalance', seed, '--threshold', '0', '--yes']},
  {args: ({seed}) => ['rebalance', seed]},
  {args: () => ['jobs']},
  {args: ({addresses, newcomer}) => ['del-node', newcomer, addresses[2] as string, '--drain', '--dry-run']},
  {args: ({addresses, newcomer}) => ['del-node', newcomer, addresses[2] as string, '--drain', '--yes']},
]

const schemas = loadSchemas()

/** The commands of the manifest that print a document: all but those that hand their words to somebody else. */
function commandIds(): string[] {
  const manifest = JSON.parse(readFileSync(join(packageFolder(), 'oclif.manifest.json'), 'utf8')) as {
    commands: Record<string, {enableJsonFlag?: boolean}>
  }
  return Object.entries(manifest.commands).flatMap(([id, {enableJsonFlag}]) => (enableJsonFlag === false ? [] : [id]))
}

const asTyped = (id: string) => id.replaceAll(':', ' ')

/** Of one word or two: `backup verify` is not `backup`. */
function commandOf(words: readonly string[]): string {
  const ids = commandIds().filter((id) => words.join(' ').startsWith(asTyped(id)))
  return ids.sort((a, b) => b.length - a.length)[0] as string
}

describe('the schemas of --json', () => {
  it('are there for every command (else: write docs/json/COMMAND.schema.json)', () => {
    const missing = commandIds().filter((id) => !schemas.has(schemaFileOf(id)))
    expect(missing, 'commands without a schema in docs/json').toEqual([])
  })

  it('are tried on every command (else: add a line to RUNS in this file)', () => {
    const tried = RUNS.filter(({schema}) => schema === undefined).map(({args}) => args(PLACEHOLDERS).join(' '))
    const missing = commandIds().filter((id) => !tried.some((line) => `${line} `.startsWith(`${asTyped(id)} `)))
    expect(missing, 'commands without a run in RUNS').toEqual([])
  })

  it('belong to a command, and are sound', () => {
    const known = new Set(['common.schema.json', 'error.schema.json', ...commandIds().map(schemaFileOf)])
    expect([...schemas.keys()].filter((file) => !known.has(file))).toEqual([])
    requireSound(schemas)
  })

  it('list every code, exit code and finding that there is', () => {
    const read = (file: string) => JSON.stringify(schemas.get(file))
    const codes = [...Object.keys(ERRORS), 'BUG']
    expect(codes.filter((code) => !read('error.schema.json').includes(`"${code}"`))).toEqual([])
    const exits = /"exitCode":\{[^}]*"enum":(\[[^\]]*\])/.exec(read('error.schema.json'))?.[1] ?? '[]'
    expect(JSON.parse(exits)).toEqual(
      Object.keys(EXIT_CODES)
        .map(Number)
        .filter((code) => code !== 0),
    )
    expect(FINDING_IDS.filter((id) => !read('check.schema.json').includes(`"${id}"`))).toEqual([])
  })

  it('are explained: each command, each finding with its severities', () => {
    const text = readFileSync(join(SCHEMA_FOLDER, '..', 'json.md'), 'utf8')
    expect(commandIds().filter((id) => !text.includes(`(json/${schemaFileOf(id)})`))).toEqual([])
    const explained = [...text.matchAll(/^\| `([a-z-]+)` \| (?:error|warning|notice)/gm)].map(([, id]) => id)
    expect(explained.sort()).toEqual([...FINDING_IDS].sort())
  })
})

describe('a failure under --json', () => {
  it.each(commandIds())('of %s is an error document, and the exit code is in it', async (id) => {
    const run = await runShoal([...id.split(':'), '--no-such-flag', '--json'])
    const document = run.json<{error: {exitCode: number}}>()
    expect(validate(document, 'error.schema.json', schemas)).toEqual([])
    expect([run.code, document.error.exitCode]).toEqual([2, 2])
  })
})

describeWithPeers('--json of every command', () => {
  let nodes: RedisNode[]
  let stage: Stage
  const state = temporaryFolder('schema-state')
  const env = {SHOAL_STATE_DIR: join(state, 'state')}

  beforeAll(async () => {
    nodes = await Promise.all(Array.from({length: 4}, () => startRedis({cluster: true})))
    const source = await startRedis()
    nodes.push(source)
    for (const key of ['a', 'b', 'c']) await source.call('SET', key, 'v', 'EX', 1000)
    const addresses = nodes.map(({port}) => `127.0.0.1:${port}`)
    stage = {
      addresses: addresses.slice(0, 3),
      basePort: await claimPorts(6),
      jobOf: (command) => {
        const file = readdirSync(join(state, 'state', 'jobs')).find((name) => name.startsWith(`${command}-`))
        return basename(file as string, '.ndjson')
      },
      newcomer: addresses[3] as string,
      openSlot: async () => {
        const [seed, newcomer] = [nodes[0] as RedisNode, nodes[3] as RedisNode]
        await seed.call('CLUSTER', 'SETSLOT', 0, 'IMPORTING', String(await newcomer.call('CLUSTER', 'MYID')))
      },
      planFile: join(state, 'plan.json'),
      queueTask: async () => {
        const request = {guid: QUEUED, operation: 'flush_crdb'} as const
        const task = await TaskFile.create(join(state, 'state', 'tasks'), QUEUED, request)
        await task.close()
      },
      taskOf: () => {
        const [file] = readdirSync(join(state, 'state', 'tasks')).filter((name) => name.endsWith('.ndjson'))
        return basename(file as string, '.ndjson')
      },
      seed: addresses[0] as string,
      source: addresses[4] as string,
    }
  })

  afterAll(async () => {
    for (const pid of processesWith(state)) process.kill(pid, 'SIGKILL')
    await Promise.all(nodes?.map((node) => node.stop()) ?? [])
  })

  const expectValid = async (args: readonly string[], file: string, exit = 0) => {
    const run = await runShoal([...args, '--json'], {env})
    expect(run.code, `${args.join(' ')}\n${run.stdout}${run.stderr}`).toBe(exit)
    expect(validate(run.json(), file, schemas), run.stdout).toEqual([])
    return run
  }

  // Each finds what those before have left, so none runs alone.
  it.each(RUNS.map((run, index) => [run.args(PLACEHOLDERS).join(' '), index] as const))(
    'is what its schema says: %s',
    async (_, index) => {
      const {args, before, exit, schema} = RUNS[index] as Run
      await before?.(stage)
      const words = args(stage)
      await expectValid(words, schema ?? schemaFileOf(commandOf(words)), exit)
    },
  )
})
