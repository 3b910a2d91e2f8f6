import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {packageFolder, type RunOptions, runShoal, shoalEnv} from '../support/cli.js'
import {callRedis} from '../support/peers.js'
import {claimPorts} from '../support/ports.js'
import {processesWith, temporaryFolder, waitFor} from '../support/processes.js'

let state: string
let basePort: number

const shoal = (args: readonly string[], options: RunOptions = {}) =>
  runShoal(args, {...options, env: {SHOAL_STATE_DIR: state, ...options.env}})

beforeAll(async () => {
  state = join(temporaryFolder('nodes'), 'state')
  basePort = await claimPorts(3)
  const args = ['--topology', 'replication', '--replicas', '1', '--base-port', String(basePort), '--set', 'hz=30']
  const up = await shoal(['up', '--name', 'blue', ...args], {env: {SHOAL_PASSWORD: "it's"}})
  expect(up.code, up.stderr).toBe(0)
})

afterAll(async () => {
  for (const pid of processesWith(state)) process.kill(pid, 'SIGKILL')
  await waitFor(() => processesWith(state).length === 0, {what: 'end of all nodes'})
})

describe('nodes of an environment', () => {
  it('have what the flags of up said', async () => {
    expect(await callRedis(basePort, ['CONFIG', 'GET', 'hz'], "it's")).toEqual(['hz', '30'])
    expect((await shoal(['list'])).stdout).toMatch(
      new RegExp(`blue +ok +embedded +replication +2 +0 +127.0.0.1:${basePort}`),
    )
  })

  it('say how to be used: as shell variables, and without the password elsewhere', async () => {
    const shell = await shoal(['env', '--name', 'blue'])
    expect(shell.stdout).toContain(`export REDIS_PASSWORD='it'\\''s'`)
    expect(shell.stdout).toContain(`export REDIS_PORT=${basePort}`)
    for (const format of ['json', 'ioredis', 'node-redis']) {
      const {stdout} = await shoal(['env', '--name', 'blue', '--format', format])
      expect(stdout).toContain('REDIS_PASSWORD')
      expect(stdout).not.toContain("it's")
    }
  })

  it('are stopped, waited for in vain, and started', async () => {
    expect((await shoal(['stop', 'role:replica', '--name', 'blue', '--json'])).json()).toEqual({
      changed: ['n2'],
      environment: 'blue',
      unchanged: [],
    })
    const late = await shoal(['wait', '--for', 'healed', '--timeout', '100ms', '--name', 'blue'])
    expect([late.code, late.stderr]).toEqual([7, expect.stringContaining('n2 is stopped')])
    const exec = await shoal(['exec', 'n2', '--name', 'blue', '--', 'true'])
    expect([exec.code, exec.stderr]).toEqual([7, expect.stringContaining('shoal start n2 --name blue')])
    expect((await shoal(['start', 'n2', '--name', 'blue'])).code).toBe(0)
    expect((await shoal(['wait', '--for', 'replicas-synced', '--name', 'blue'])).code).toBe(0)
  })

  it('run commands beside them, whose exit code and input are their own', async () => {
    const script = 'cat; echo "$SHOAL_NODE $SHOAL_PORT $REDISCLI_AUTH"; exit 7'
    const run = await shoal(['exec', 'n1', '--name', 'blue', '--', 'sh', '-c', script], {stdin: 'hello\n'})
    expect([run.code, run.stdout]).toEqual([7, `hello\nn1 ${basePort} it's\n`])
    expect((await shoal(['exec', 'n1', '--name', 'blue', '--', 'no-such-program'])).code).toBe(8)
    expect((await shoal(['exec', 'n1', '--name', 'blue'])).code).toBe(2)
  })

  it('log, each with its name if there are several', async () => {
    const one = await shoal(['logs', 'n1', '--name', 'blue', '-n', '1'])
    expect(one.stdout).not.toMatch(/^n1 \| /)
    expect((await shoal(['logs', '--name', 'blue', '-n', '1'])).stdout).toMatch(/^n1 \| .*\nn2 \| /)
    const args = [join(packageFolder(), 'bin', 'run.js'), 'logs', 'n1', '-f', '--name', 'blue']
    const child = spawn(process.execPath, args, {
      env: shoalEnv({SHOAL_STATE_DIR: state}),
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child.stdout.once('data', () => child.kill('SIGINT'))
    expect(await once(child, 'exit')).toEqual([130, null])
    expect((await shoal(['logs', '-f', '--json', '--name', 'blue'])).code).toBe(2)
  })

  it.each([
    [['stop', '--name', 'blue'], 2, 'shoal stop n1'],
    [['stop', 'n1', '--all', '--name', 'blue'], 2, 'shoal stop --all'],
    [['stop', 'n11', '--name', 'blue'], 3, 'did you mean n1'],
    [['stop', 'rolle:primary', '--name', 'blue'], 2, 'did you mean role:primary'],
    [['kill', 'n1', '-s', 'TREM', '--name', 'blue'], 2, 'Did you mean TERM?'],
    [['pause', '--all', '--name', 'bleu'], 4, 'id you mean blue?'],
    [['logs', 'x9', '--name', 'blue'], 3, 'Nodes are n1, n2'],
    [['exec', 'n3', '--name', 'blue', '--', 'ls'], 3, 'shoal ps --name blue'],
    [['cli', 'n3', '--name', 'blue'], 3, 'shoal ps --name blue'],
    [['wait', '--for', 'failover', '--name', 'blue'], 2, 'replicas-synced'],
    [['scale', '--primaries', '2', '--name', 'blue'], 2, 'is no cluster'],
    [['env', '--format', 'xml', '--name', 'blue'], 2, 'shell, json, ioredis, node-redis'],
    [['up', '--name', 'blue', '--replicas', '2'], 5, '--replicas is 1, not 2'],
    [['up', '--server', '/x', '--engine', 'docker'], 2, '--engine process --server /x'],
    [['up', '--server', '/x', '--image', 'y'], 2, 'exclude each other'],
    [['up', '--set', 'maxmemory'], 2, 'maxmemory=100mb'],
    [['up', '--set', 'port=1'], 2, '--base-port'],
    [['up', '--regions', 'eu,eu'], 2, 'region eu is there twice'],
    [['up', '--subnet', '10.0.0.0'], 2, '172.30.7.0/24'],
    [['up', '--file', '/no/such.yaml'], 4, 'there is no file /no/such.yaml'],
  ])('refuse %j with exit %i and a way forward', async (args, code, hint) => {
    const result = await shoal(args)
    expect([result.code, result.stderr]).toEqual([code, expect.stringContaining(hint)])
  })
})
