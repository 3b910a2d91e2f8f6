import {execFileSync} from 'node:child_process'
import {appendFileSync, existsSync, readdirSync, readFileSync, statSync} from 'node:fs'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {EmbeddedEngine} from '../../../src/lib/engine/embedded.js'
import type {NodeSpec} from '../../../src/lib/engine/engine.js'
import {packageFolder} from '../../support/cli.js'
import {callRedis} from '../../support/peers.js'
import {claimPorts} from '../../support/ports.js'
import {isAlive, temporaryFolder, waitFor} from '../../support/processes.js'
import {describeEngine} from './contract.js'

const STAND_IN = join(import.meta.dirname, '../../support/env-stand-in/server.js')
const REAL = join(packageFolder(), 'bin', 'server.js')
const never = () => new AbortController().signal

function nodesKept(folder: string, environment: string): string[] {
  const nodes = join(folder, environment, 'nodes')
  return existsSync(nodes) ? readdirSync(nodes) : []
}

for (const [name, serverEntry] of [
  ['embedded, with a stand-in for the server', STAND_IN],
  ['embedded', REAL],
] as const) {
  describeEngine(name, () => {
    const folder = temporaryFolder('engine')
    return {
      engine: new EmbeddedEngine({folder, serverEntry}),
      isBusHere: true,
      leftovers: (environment) => nodesKept(folder, environment),
      other: new EmbeddedEngine({folder, serverEntry}),
    }
  })
}

describe('embedded engine', () => {
  let folder: string
  let engine: EmbeddedEngine
  let spec: NodeSpec

  beforeEach(async () => {
    folder = temporaryFolder('engine')
    engine = new EmbeddedEngine({folder, serverEntry: STAND_IN, startTimeoutMs: 5000})
    const port = await claimPorts()
    spec = {address: {host: '127.0.0.1', port}, busPort: port + 10000, cluster: true, environment: 'blue', name: 'n1'}
  })

  afterEach(async () => {
    for (const node of await engine.list()) await engine.stop(node, 0)
  })

  it('shows the password in no argument list and in no file that others can read', async () => {
    const password = 'swordfish "quoted" \\ \u00e9'
    const real = new EmbeddedEngine({folder, serverEntry: REAL})
    const node = await real.start({...spec, password}, never())
    const shown = execFileSync('ps', ['-p', String(node.pid), '-o', 'args=', '-ww'], {encoding: 'utf8'})
    expect(shown).toContain('/blue/nodes/n1/')
    expect(shown).not.toContain('swordfish')
    const files = readdirSync(join(folder, 'blue'), {recursive: true, withFileTypes: true})
    for (const entry of files.filter((each) => each.isFile())) {
      const path = join(entry.parentPath, entry.name)
      if (readFileSync(path, 'latin1').includes('swordfish')) expect(statSync(path).mode & 0o077).toBe(0)
    }
    await real.stop(node, 2000)
  })

  it('kills a node that ignores SIGTERM, but not before its grace is over', async () => {
    const node = await engine.start({...spec, settings: [['stand-in', 'stubborn']]}, never())
    const started = performance.now()
    await engine.stop(node, 300)
    expect(performance.now() - started).toBeGreaterThanOrEqual(300)
    expect(isAlive(node.pid)).toBe(false)
  })

  it('kills a node that is frozen', async () => {
    const node = await engine.start(spec, never())
    process.kill(node.pid, 'SIGSTOP')
    await engine.stop(node, 100)
    expect(isAlive(node.pid)).toBe(false)
  })

  it('never signals a later process that has the same pid', async () => {
    const node = await engine.start(spec, never())
    await engine.stop({...node, startToken: 'another start'}, 0)
    // This very process: of that pid and alive, but no node.
    await engine.stop({...node, pid: process.pid}, 0)
    expect(isAlive(node.pid)).toBe(true)
  })

  it('says what the node said when it ends while starting', async () => {
    const settings = [['stand-in', 'exits']] as const
    await expect(engine.start({...spec, settings}, never())).rejects.toMatchObject({
      code: 'NODE_START_FAILED',
      message: expect.stringMatching(/exit code 3.*the reason/),
    })
    expect(existsSync(join(folder, 'blue'))).toBe(false)
  })

  it('gives up on a node that never answers, and ends it', async () => {
    const hasty = new EmbeddedEngine({folder, serverEntry: STAND_IN, startTimeoutMs: 600})
    const settings = [['stand-in', 'silent']] as const
    await expect(hasty.start({...spec, settings}, never())).rejects.toMatchObject({code: 'TIMED_OUT'})
    expect(await engine.list()).toEqual([])
    expect(existsSync(join(folder, 'blue'))).toBe(false)
  })

  it('keeps what a node has when a later start of it fails', async () => {
    const node = await engine.start(spec, never())
    await engine.stop(node, 1000)
    appendFileSync(join(folder, 'blue', 'nodes', 'n1', 'node.conf'), 'stand-in exits\n')
    await expect(engine.start(spec, never())).rejects.toMatchObject({code: 'NODE_START_FAILED'})
    expect(nodesKept(folder, 'blue')).toEqual(['n1'])
  })

  it('starts a stopped node with the settings that CONFIG REWRITE kept', async () => {
    const real = new EmbeddedEngine({folder, serverEntry: REAL})
    const {port} = spec.address
    const node = await real.start(spec, never())
    await callRedis(port, ['CONFIG', 'SET', 'cluster-node-timeout', '1234'])
    await callRedis(port, ['CONFIG', 'REWRITE'])
    await real.stop(node, 2000)
    expect((await real.start(spec, never())).address).toEqual(spec.address)
    expect(await callRedis(port, ['CONFIG', 'GET', 'cluster-node-timeout'])).toEqual(['cluster-node-timeout', '1234'])
  })

  it('does not take another state folder for its own', async () => {
    await engine.start(spec, never())
    expect(await new EmbeddedEngine({folder: `${folder}x`, serverEntry: STAND_IN}).list()).toEqual([])
    expect(await new EmbeddedEngine({folder: join(folder, 'blue'), serverEntry: STAND_IN}).list()).toEqual([])
  })

  it('still knows a running node whose folder was deleted', async () => {
    const node = await engine.start(spec, never())
    await engine.discard('blue')
    const [listed] = await engine.list('blue')
    expect(listed).toMatchObject({name: 'n1', pid: node.pid})
    expect(listed).not.toHaveProperty('address')
    await engine.stop(node, 1000)
    await waitFor(() => !isAlive(node.pid), {what: 'end of the node'})
  })
})
