import {once} from 'node:events'
import {existsSync, readdirSync, readFileSync, statSync, writeFileSync} from 'node:fs'
import {createServer} from 'node:net'
import {join} from 'node:path'
import {Cluster} from 'ioredis'
import {afterAll, afterEach, beforeAll, beforeEach, describe, expect, it} from 'vitest'
import {type RunOptions, type RunResult, runProgram, runShoal} from '../support/cli.js'
import {callRedis, describeWithPeers, peerProgram} from '../support/peers.js'
import {claimPorts, isPortFree} from '../support/ports.js'
import {isAlive, processesWith, temporaryFolder, waitFor} from '../support/processes.js'

interface UpDocument {
  readonly change: string
}

interface PsDocument {
  readonly environments: readonly {readonly nodes: readonly {readonly pid: number}[]}[]
}

let state: string
let basePort: number

/** Runs in this test's own state folder, which is missing at first, as on a new machine. */
function shoal(args: readonly string[], options: RunOptions = {}) {
  return runShoal(args, {...options, env: {SHOAL_STATE_DIR: state, ...options.env}})
}

/** Primaries only, which is quick, unless told otherwise. */
const up = (args: readonly string[] = ['--replicas', '0'], options: RunOptions = {}) =>
  shoal(['up', '--base-port', String(basePort), ...args], options)

async function newPlace(): Promise<void> {
  state = join(temporaryFolder('up'), 'state')
  basePort = await claimPorts(6)
}

async function endAll(): Promise<void> {
  for (const pid of processesWith(state)) process.kill(pid, 'SIGKILL')
  await waitFor(() => processesWith(state).length === 0, {what: 'end of all nodes'})
}

/** No process, no file, no folder, no port. */
async function expectNothingLeft(): Promise<void> {
  expect(processesWith(state)).toEqual([])
  expect(existsSync(state)).toBe(false)
  for (let port = basePort; port < basePort + 3; port++) expect(await isPortFree(port)).toBe(true)
}

describe('shoal up', () => {
  let first: RunResult

  beforeAll(async () => {
    await newPlace()
    first = await up([])
  })

  afterAll(endAll)

  it('starts three primaries and their replicas that are one cluster and says how to use it', async () => {
    expect([first.code, first.stderr]).toEqual([0, 'starting 6 nodes\nforming the cluster\n'])
    expect(first.stdout).toMatch(/default: ok/)
    expect(first.stdout).toMatch(new RegExp(`n3 +127\\.0\\.0\\.1:${basePort + 2} +\\d+ +primary +10923-16383 +running`))
    expect(first.stdout).toMatch(
      new RegExp(`n4 +127\\.0\\.0\\.1:${basePort + 3} +\\d+ +replica of n1 +- +running +up +0 B`),
    )
    expect(first.stdout).toContain(`redis-cli -c -p ${basePort} `)
    expect(processesWith(state)).toHaveLength(6)
    for (const index of [0, 1, 2, 3, 4, 5]) {
      const info = await callRedis(basePort + index, ['CLUSTER', 'INFO'])
      expect(info).toContain('cluster_state:ok')
      expect(info).toContain('cluster_known_nodes:6')
      expect(info).toContain('cluster_size:3')
    }
    for (const index of [3, 4, 5]) {
      const info = await callRedis(basePort + index, ['INFO', 'replication'])
      expect(info).toContain('master_link_status:up')
      expect(info).toContain(`master_port:${basePort + index - 3}`)
    }
  })

  it('gives a cluster that ioredis can use', async () => {
    const cluster = new Cluster([{host: '127.0.0.1', port: basePort}])
    await Promise.all(Array.from({length: 100}, (_, index) => cluster.set(`key:${index}`, String(index))))
    const values = await Promise.all(Array.from({length: 100}, (_, index) => cluster.get(`key:${index}`)))
    expect(values).toEqual(Array.from({length: 100}, (_, index) => String(index)))
    cluster.disconnect()
  })

  it('gives a cluster that shoal check finds in order', async () => {
    const check = await shoal(['check', `127.0.0.1:${basePort}`])
    expect([check.code, check.stderr]).toEqual([0, ''])
  })

  it('has nothing to do the second time', async () => {
    const before = processesWith(state)
    const again = await up(['--json'])
    expect(again.code).toBe(0)
    expect(again.json()).toMatchObject({
      change: 'none',
      environment: {nodes: [{role: 'primary'}, {}, {}, {link: 'up', replicaOf: 'n1', role: 'replica'}, {}, {}]},
      startedNodes: [],
    })
    expect(processesWith(state)).toEqual(before)
    const plain = await shoal(['up'])
    expect([plain.code, plain.stdout]).toEqual([0, expect.stringContaining('nothing to do')])
  })

  it('refuses to become another environment', async () => {
    const other = await up(['--primaries', '4', '--json'])
    expect(other.code).toBe(5)
    expect(other.json()).toMatchObject({error: {code: 'ENVIRONMENT_EXISTS', exitCode: 5}})
    expect(other.stdout).toContain('shoal down --name default')
  })

  it('does not take the ports of another environment', async () => {
    const other = await up(['--name', 'other'])
    expect(other.code).toBe(5)
    expect(other.stderr).toContain('environment default')
    expect(other.stderr).toMatch(/shoal up --name other --base-port \d+/)
  })

  it('starts a killed node again, and the cluster is whole', async () => {
    const [, victim] = (await shoal(['ps', '--json'])).json<PsDocument>().environments[0]?.nodes ?? []
    process.kill(victim?.pid ?? 0, 'SIGKILL')
    await waitFor(() => !isAlive(victim?.pid ?? 0), {what: 'end of n2'})
    const result = await up(['--json'])
    expect(result.json()).toMatchObject({change: 'started', environment: {state: 'ok'}, startedNodes: ['n2']})
    expect(await callRedis(basePort + 1, ['CLUSTER', 'INFO'])).toContain('cluster_state:ok')
  })

  describeWithPeers('beside redis-cli', () => {
    it('gives a cluster that redis-cli finds in order', async () => {
      const check = await runProgram(peerProgram('redis-cli'), ['--cluster', 'check', `127.0.0.1:${basePort}`], {})
      expect(check.stdout).toContain('[OK] All 16384 slots covered.')
      expect(check.code).toBe(0)
    })
  })
})

describe('shoal up, of several environments', () => {
  beforeEach(newPlace)
  afterEach(endAll)

  it('prints one JSON document that holds no password, and takes the password from the environment', async () => {
    const result = await up(['--primaries', '1', '--json'], {env: {SHOAL_PASSWORD: 'swordfish'}})
    expect(result.code).toBe(0)
    expect(result.json()).toMatchObject({
      change: 'created',
      environment: {
        name: 'default',
        nodes: [
          {name: 'n1', role: 'primary'},
          {link: 'up', name: 'n2'},
        ],
        state: 'ok',
      },
      seed: `127.0.0.1:${basePort}`,
    })
    expect(result.stdout + result.stderr).not.toContain('swordfish')
    await expect(callRedis(basePort, ['GET', 'a'])).rejects.toThrow('NOAUTH')
    expect(await callRedis(basePort, ['PING'], 'swordfish')).toBe('PONG')
    expect(processesWith('swordfish')).toEqual([])
    for (const entry of readdirSync(state, {recursive: true, withFileTypes: true})) {
      const path = join(entry.parentPath, entry.name)
      if (!entry.isFile() || !readFileSync(path, 'latin1').includes('swordfish')) continue
      expect([path, statSync(path).mode & 0o077]).toEqual([path, 0])
    }
    const ps = await shoal(['ps', '--json'])
    expect(ps.json()).toMatchObject({environments: [{state: 'ok'}]})
    expect(ps.stdout).not.toContain('swordfish')
  })

  it('keeps two environments apart', async () => {
    const alone = ['up', '--primaries', '1', '--replicas', '0']
    const [one, two] = await Promise.all([
      up(['--primaries', '2', '--replicas', '0', '--name', 'one', '--json']),
      shoal([...alone, '--name', 'two', '--base-port', String(basePort + 3), '--json']),
    ])
    expect([one.code, two.code]).toEqual([0, 0])
    expect((await shoal(['down', '--name', 'one'])).code).toBe(0)
    expect(await callRedis(basePort + 3, ['CLUSTER', 'INFO'])).toContain('cluster_known_nodes:1')
    expect(processesWith(state)).toHaveLength(1)
  })

  it('lets one of two that run at once create the environment', async () => {
    const small = ['--replicas', '0']
    const results = await Promise.all([up([...small, '--json']), up([...small, '--json'])])
    expect(results.map(({code}) => code)).toEqual([0, 0])
    expect(results.map((result) => result.json<UpDocument>().change).sort()).toEqual(['created', 'none'])
    expect(processesWith(state)).toHaveLength(3)
  })
})

describe('shoal up, of nodes that keep their data', () => {
  beforeEach(newPlace)
  afterEach(endAll)

  it('starts stopped nodes with what they had, replicas included', async () => {
    const keeping = ['--primaries', '1', '--persistence', 'rdb', '--json']
    expect((await up(keeping)).code).toBe(0)
    expect(await callRedis(basePort, ['SET', 'city', 'Oslo'])).toBe('OK')
    const pids = processesWith(state)
    for (const pid of pids) process.kill(pid, 'SIGTERM')
    await waitFor(() => processesWith(state).length === 0, {what: 'end of all nodes'})
    expect((await up(keeping)).json()).toMatchObject({
      change: 'started',
      environment: {state: 'ok', nodes: [{role: 'primary'}, {link: 'up', role: 'replica'}]},
      startedNodes: ['n1', 'n2'],
    })
    expect(await callRedis(basePort, ['GET', 'city'])).toBe('Oslo')
    expect((await up(['--persistence', 'none', '--json'])).stdout).toContain('--persistence is rdb, not none')
  })
})

describe('shoal up, of nodes that keep nothing', () => {
  beforeEach(newPlace)
  afterEach(endAll)

  it('lets a replica take over before it starts a killed primary, which comes back empty', async () => {
    const forgetful = ['--primaries', '1', '--json']
    expect((await up(forgetful)).code).toBe(0)
    expect(await callRedis(basePort, ['SET', 'city', 'Oslo'])).toBe('OK')
    expect(await callRedis(basePort, ['WAIT', '1', '5000'])).toBe(1)
    const [primary] = (await shoal(['ps', '--json'])).json<PsDocument>().environments[0]?.nodes ?? []
    process.kill(primary?.pid ?? 0, 'SIGKILL')
    await waitFor(() => !isAlive(primary?.pid ?? 0), {what: 'end of n1'})
    expect((await up(forgetful)).json()).toMatchObject({
      environment: {state: 'ok', nodes: [{link: 'up', replicaOf: 'n2', role: 'replica'}, {role: 'primary'}]},
      startedNodes: ['n1'],
    })
    expect(await callRedis(basePort + 1, ['GET', 'city'])).toBe('Oslo')
  })
})

describe('shoal up, when it cannot', () => {
  beforeEach(newPlace)
  afterEach(endAll)

  it.each([
    ['the port of the second node', 1],
    ['the bus port of the third', 10_002],
  ])('names a taken port (%s), offers another, and leaves nothing', async (_what, offset) => {
    const port = basePort + offset
    const squatter = createServer().listen(port, '127.0.0.1')
    await once(squatter, 'listening')
    const result = await up()
    squatter.close()
    await once(squatter, 'close')
    expect(result.code).toBe(5)
    expect(result.stderr).toContain(String(port))
    expect(result.stderr).toMatch(/shoal up --name default --base-port \d+/)
    await expectNothingLeft()
  })

  it.each([
    [['--name', 'No Good'], 2, 'BAD_FLAG'],
    [['--name', '../escape'], 2, 'BAD_FLAG'],
    [['--primaries', '0'], 2, 'BAD_FLAG'],
    [['--primaries', 'three'], 2, 'BAD_FLAG'],
    [['--base-port', '60000'], 2, 'BAD_FLAG'],
    [['--replicas', '-1'], 2, 'BAD_FLAG'],
    [['--replicas', '40'], 2, 'BAD_FLAG'],
    [['--persistence', 'all'], 2, 'BAD_FLAG'],
  ])('refuses %j with exit %i', async (args, code, name) => {
    const result = await shoal(['up', ...args, '--json'])
    expect(result.code).toBe(code)
    expect(result.json()).toMatchObject({error: {code: name, exitCode: code}})
    await expectNothingLeft()
  })

  it.each(['SIGINT', 'SIGTERM'] as const)('leaves nothing behind on %s, whenever it comes', async (signal) => {
    for (const when of [/starting/, /forming/]) {
      let sent = false
      let kill: (name: NodeJS.Signals) => void = () => undefined
      const result = await up(undefined, {
        onStart: (run) => {
          kill = run.kill
        },
        onStderr: (text) => {
          if (sent || !when.test(text)) return
          sent = true
          kill(signal)
        },
      })
      expect(sent).toBe(true)
      expect(result.code).toBe(130)
      await expectNothingLeft()
    }
  })

  it('recovers from kill -9 of itself', async () => {
    let pid = 0
    const killed = await up(undefined, {
      onStart: (run) => {
        pid = run.pid
      },
      onStderr: (text) => {
        if (text.includes('forming') && isAlive(pid)) process.kill(pid, 'SIGKILL')
      },
    })
    expect(killed.signal).toBe('SIGKILL')
    const ps = await shoal(['ps', '--json'])
    expect(ps.json()).toMatchObject({environments: [{name: 'default', state: 'incomplete'}]})
    const again = await up(['--replicas', '0', '--json'])
    expect(again.stderr).not.toContain('rror')
    expect(again.json()).toMatchObject({change: 'created', environment: {state: 'ok'}})
    expect(processesWith(state)).toHaveLength(3)
  })

  it.each(['up', 'down', 'ps'])('%s says so when the state folder cannot be used', async (command) => {
    const file = join(temporaryFolder('state'), 'file')
    writeFileSync(file, '')
    const result = await shoal([command, '--json'], {env: {SHOAL_STATE_DIR: file}})
    expect(result.code).toBe(8)
    expect(result.json()).toMatchObject({
      error: {code: 'ENVIRONMENT_LACKS', suggestions: [expect.stringContaining('SHOAL_STATE_DIR')]},
    })
  })
})
