import {join} from 'node:path'
import {Cluster} from 'ioredis'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {type RunOptions, runShoal} from '../support/cli.js'
import {claimPorts} from '../support/ports.js'
import {isAlive, processesWith, temporaryFolder, waitFor} from '../support/processes.js'

interface PsDocument {
  readonly environments: readonly {
    readonly state: string
    readonly nodes: readonly {readonly name: string; readonly replicaOf?: string; readonly role?: string}[]
  }[]
}

const KEYS = 500
let state: string
let basePort: number

const shoal = (args: readonly string[], options: RunOptions = {}) =>
  runShoal(args, {...options, env: {SHOAL_STATE_DIR: state, ...options.env}})

async function withClient<T>(body: (client: Cluster) => Promise<T>): Promise<T> {
  const client = new Cluster([{host: '127.0.0.1', port: basePort}], {redisOptions: {password: 'pass'}})
  try {
    return await body(client)
  } finally {
    client.disconnect()
  }
}

const keys = Array.from({length: KEYS}, (_, index) => `key:${index}`)
const countKeys = () =>
  withClient(
    async (client) => (await Promise.all(keys.map((key) => client.get(key)))).filter((value) => value === 'v').length,
  )

async function shapeOf(): Promise<string> {
  const [environment] = (await shoal(['ps', '--json'])).json<PsDocument>().environments
  const {nodes = [], state: health} = environment ?? {}
  const primaries = nodes.filter(({role}) => role === 'primary').map(({name}) => name)
  const counts = primaries.map((name) => nodes.filter(({replicaOf}) => replicaOf === name).length)
  return `${health}: ${counts.join(' ')}`
}

beforeAll(async () => {
  state = join(temporaryFolder('scale'), 'state')
  basePort = await claimPorts(8)
  const env = {SHOAL_PASSWORD: 'pass'}
  const up = await shoal(['up', '--primaries', '2', '--replicas', '1', '--base-port', String(basePort)], {env})
  expect(up.code, up.stderr).toBe(0)
  await withClient((client) => Promise.all(keys.map((key) => client.set(key, 'v'))))
})

afterAll(async () => {
  for (const pid of processesWith(state)) process.kill(pid, 'SIGKILL')
  await waitFor(() => processesWith(state).length === 0, {what: 'end of all nodes'})
})

describe('shoal scale', () => {
  it('makes a cluster larger and smaller again, and loses no key', async () => {
    const larger = await shoal(['scale', '--primaries', '3', '--json'])
    expect(larger.json()).toMatchObject({added: ['n5', 'n6'], primaries: 3, removed: [], replicas: 1})
    expect(await shapeOf()).toBe('ok: 1 1 1')
    expect(await countKeys()).toBe(KEYS)
    expect((await shoal(['scale', '--primaries', '3', '--replicas', '1', '--json'])).json()).toMatchObject({
      added: [],
      removed: [],
      slotsMoved: 0,
    })
    const smaller = await shoal(['scale', '--primaries', '2', '--replicas', '0', '--json'])
    expect(smaller.json<{removed: string[]}>().removed).toHaveLength(4)
    expect(await shapeOf()).toBe('ok: 0 0')
    expect(processesWith(state)).toHaveLength(2)
    expect(await countKeys()).toBe(KEYS)
    // What the environment is to be is what it is now.
    expect((await shoal(['up', '--primaries', '2', '--replicas', '0', '--json'])).json()).toMatchObject({
      change: 'none',
    })
  })

  it.each([
    [['--primaries', '3', '--replicas', '1'], /n\d+ joins\n/, 'ok: 1 1 1'],
    [['--primaries', '2', '--replicas', '1'], /moving slots/, 'ok: 1 1'],
  ])('goes on with %j after kill -9', async (args, when, shape) => {
    let pid = 0
    const killed = await shoal(['scale', ...args], {
      onStart: (run) => {
        pid = run.pid
      },
      onStderr: (text) => {
        if (when.test(text) && isAlive(pid)) process.kill(pid, 'SIGKILL')
      },
    })
    expect(killed.signal).toBe('SIGKILL')
    const up = await shoal(['up', '--json'])
    expect([up.code, up.stdout]).toEqual([3, expect.stringContaining(`shoal scale ${args.join(' ')} --name default`)])
    const again = await shoal(['scale', '--json'])
    expect(again.code, again.stdout + again.stderr).toBe(0)
    expect(await shapeOf()).toBe(shape)
    expect(await countKeys()).toBe(KEYS)
  })

  it.each([
    [[], 2, 'BAD_FLAG', 'shoal scale --primaries'],
    [['--primaries', '0'], 2, 'BAD_FLAG', 'shoal scale --help'],
    [['--primaries', '90', '--replicas', '2'], 2, 'BAD_FLAG', '1 to 100 nodes'],
    [['--primaries', '3', '--name', 'defualt'], 4, 'NOT_FOUND', 'default'],
  ])('refuses %j with exit %i', async (args, code, name, hint) => {
    const result = await shoal(['scale', ...args, '--json'])
    expect([result.code, result.json<{error: {code: string}}>().error.code]).toEqual([code, name])
    expect(result.stdout).toContain(hint)
  })
})
