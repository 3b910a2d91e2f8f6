import {once} from 'node:events'
import {existsSync, mkdirSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync} from 'node:fs'
import {createServer} from 'node:net'
import {join} from 'node:path'
import {beforeEach, describe, expect, it} from 'vitest'
import type {Probe} from '../../../src/lib/engine/engine.js'
import type {Engines} from '../../../src/lib/engine/engines.js'
import {findProcess} from '../../../src/lib/engine/process-table.js'
import type {ClusterAccess, ClusterDriver, NodeFacts} from '../../../src/lib/environment/cluster-driver.js'
import {takeDown} from '../../../src/lib/environment/down.js'
import {actOnNodes} from '../../../src/lib/environment/node-actions.js'
import {requireRunning} from '../../../src/lib/environment/open.js'
import {statusOf} from '../../../src/lib/environment/status.js'
import {EnvironmentStore} from '../../../src/lib/environment/store.js'
import {bringUp} from '../../../src/lib/environment/up.js'
import {CliError} from '../../../src/lib/kernel/errors.js'
import {FakeEngine} from '../../support/env-fake-engine.js'
import {claimPorts} from '../../support/ports.js'
import {temporaryFolder} from '../../support/processes.js'

const never = () => new AbortController().signal

/** All it was asked; each call can be made to fail. */
class FakeDriver implements ClusterDriver {
  readonly calls: string[] = []
  failing: CliError | undefined
  onForm: () => void = () => undefined

  async form(_access: ClusterAccess, _replicas: number, _signal: AbortSignal): Promise<void> {
    this.calls.push('form')
    this.onForm()
    if (this.failing) throw this.failing
  }

  async settle(): Promise<void> {
    this.calls.push('settle')
    if (this.failing) throw this.failing
  }

  async takeOver(): Promise<void> {
    this.calls.push('take over')
  }

  async describe({addresses}: ClusterAccess): Promise<NodeFacts[]> {
    const slots = [{first: 0, last: 9}]
    return addresses.map((address) => ({address, role: 'primary' as const, slots, state: 'ok'}))
  }
}

let stateFolder: string
let engine: FakeEngine
let driver: FakeDriver
let parts: {driver: FakeDriver; engines: Engines; store: EnvironmentStore}
let request: {name: string; basePort: number; primaries: number; replicas: number}

beforeEach(async () => {
  stateFolder = join(temporaryFolder('environment'), 'state')
  engine = new FakeEngine()
  driver = new FakeDriver()
  parts = {driver, engines: {all: [engine], of: () => engine}, store: new EnvironmentStore(stateFolder)}
  request = {basePort: await claimPorts(3), name: 'blue', primaries: 3, replicas: 0}
})

/** No process, no file, no folder. */
function expectNothingLeft(): void {
  expect([...engine.nodes.keys()]).toEqual([])
  expect([...engine.kept]).toEqual([])
  expect(existsSync(stateFolder)).toBe(false)
}

describe('up', () => {
  it('starts all nodes, forms the cluster, and keeps its secret to itself', async () => {
    const result = await bringUp(parts, {...request, password: 'secret'}, never())
    expect(result).toMatchObject({change: 'created', startedNodes: ['n1', 'n2', 'n3']})
    expect(driver.calls).toEqual(['form'])
    const folder = join(stateFolder, 'environments', 'blue')
    expect(readdirSync(folder)).toEqual(['environment.json'])
    expect(statSync(join(folder, 'environment.json')).mode & 0o777).toBe(0o600)
    expect(statSync(folder).mode & 0o777).toBe(0o700)
    expect([...engine.nodes.values()].map(({spec}) => spec.password)).toEqual(['secret', 'secret', 'secret'])
  })

  it('has nothing to do the second time', async () => {
    await bringUp(parts, request, never())
    const pids = (await engine.list()).map(({pid}) => pid)
    expect(await bringUp(parts, {name: 'blue'}, never())).toMatchObject({change: 'none', startedNodes: []})
    expect((await engine.list()).map(({pid}) => pid)).toEqual(pids)
    expect(driver.calls).toEqual(['form', 'settle'])
  })

  it('does not call an environment up that runs but is not ready', async () => {
    await bringUp(parts, request, never())
    driver.failing = new CliError('TIMED_OUT', 'n2 reports the cluster as down')
    await expect(bringUp(parts, request, never())).rejects.toMatchObject({code: 'TIMED_OUT', exitCode: 7})
    expect(await engine.list('blue')).toHaveLength(3)
  })

  it('starts again what was stopped, and waits for agreement', async () => {
    await bringUp(parts, request, never())
    await engine.stop((await engine.list())[1]!)
    expect(await bringUp(parts, request, never())).toMatchObject({change: 'started', startedNodes: ['n2']})
    expect(driver.calls).toEqual(['form', 'settle'])
    expect(await engine.list('blue')).toHaveLength(3)
  })

  it.each([
    ['none', ['form', 'take over', 'settle']],
    ['rdb', ['form', 'take over', 'settle']],
    ['aof', ['form', 'settle']],
  ] as const)(
    'has a copy of what a stopped primary had take over, unless nodes keep every write (%s)',
    async (kind, calls) => {
      await bringUp(parts, {...request, persistence: kind, primaries: 1, replicas: 1}, never())
      const [primary, replica] = [0, 1].map((index) => ({host: '127.0.0.1', port: request.basePort + index}))
      driver.describe = async () => [{address: replica!, primary: primary!, role: 'replica', slots: [], state: 'ok'}]
      await engine.stop((await engine.list())[0]!)
      await bringUp(parts, {name: 'blue'}, never())
      expect(driver.calls).toEqual(calls)
    },
  )

  it('does not turn one environment into another', async () => {
    await bringUp(parts, request, never())
    const error = await bringUp(parts, {...request, primaries: 4}, never()).catch((caught) => caught)
    expect(error).toMatchObject({
      code: 'ENVIRONMENT_EXISTS',
      exitCode: 5,
      suggestions: ['shoal scale --primaries 4 --name blue', 'shoal down --name blue', expect.anything()],
    })
    expect(await engine.list('blue')).toHaveLength(3)
  })

  it.each(['n1', 'n3'])('leaves nothing behind when %s fails to start', async (name) => {
    engine.failing.add(name)
    await expect(bringUp(parts, request, never())).rejects.toMatchObject({code: 'NODE_START_FAILED'})
    expectNothingLeft()
  })

  it('leaves nothing behind when the cluster cannot be formed', async () => {
    driver.failing = new CliError('TIMED_OUT', 'no agreement')
    await expect(bringUp(parts, request, never())).rejects.toMatchObject({code: 'TIMED_OUT'})
    expectNothingLeft()
  })

  it.each(['starting', 'forming'] as const)('leaves nothing behind when interrupted while %s', async (when) => {
    const abort = new AbortController()
    if (when === 'starting') {
      engine.onStart = (spec) => {
        if (spec.name === 'n2') abort.abort()
      }
    } else {
      driver.onForm = () => abort.abort()
      driver.failing = new CliError('INTERRUPTED', 'interrupted')
    }
    await expect(bringUp(parts, request, abort.signal)).rejects.toMatchObject({code: 'INTERRUPTED', exitCode: 130})
    expectNothingLeft()
  })

  it.each(['n1', 'n3'])('names %s at once when it ends while the cluster is formed', async (name) => {
    driver.form = async (_access, _replicas, signal) => {
      await engine.stop((await engine.list()).find((node) => node.name === name)!)
      await once(signal, 'abort')
      throw new CliError('INTERRUPTED', 'interrupted')
    }
    await expect(bringUp(parts, request, never())).rejects.toMatchObject({
      code: 'NODE_START_FAILED',
      message: `node ${name} ended: last words of ${name}`,
    })
    expectNothingLeft()
  })

  it('keeps an existing environment when the start of a stopped node fails', async () => {
    await bringUp(parts, request, never())
    for (const node of (await engine.list()).slice(1)) await engine.stop(node)
    engine.failing.add('n3')
    await expect(bringUp(parts, request, never())).rejects.toMatchObject({code: 'NODE_START_FAILED'})
    expect((await engine.list()).map(({name}) => name)).toEqual(['n1'])
    expect([...engine.kept]).toEqual(['blue/n1', 'blue/n2', 'blue/n3'])
    engine.failing.clear()
    expect(await bringUp(parts, request, never())).toMatchObject({startedNodes: ['n2', 'n3']})
  })

  it('clears what a killed up left before it starts anew', async () => {
    await bringUp(parts, request, never())
    const {spec} = (await parts.store.read('blue'))!
    await parts.store.write({faults: [], formed: false, peerHosts: {}, spec, version: 2})
    const before = (await engine.list()).map(({pid}) => pid)
    expect(await bringUp(parts, {...request, primaries: 2}, never())).toMatchObject({change: 'created'})
    const after = await engine.list('blue')
    expect(after).toHaveLength(2)
    expect(after.filter(({pid}) => before.includes(pid))).toEqual([])
  })

  it('names a taken port before it starts anything', async () => {
    const port = request.basePort + 1
    const squatter = createServer().listen(port, '127.0.0.1')
    await once(squatter, 'listening')
    const error = await bringUp(parts, request, never()).catch((caught) => caught)
    squatter.close()
    expect(error).toMatchObject({code: 'PORT_IN_USE', details: {environments: [], ports: [port]}, exitCode: 5})
    expect(error.suggestions).toEqual([expect.stringMatching(/^shoal up --name blue --base-port \d+$/)])
    expectNothingLeft()
  })

  it('names the environment that has the ports, also if its nodes are stopped', async () => {
    await bringUp(parts, request, never())
    for (const node of await engine.list()) await engine.stop(node)
    const error = await bringUp(parts, {...request, basePort: request.basePort + 2, name: 'green'}, never()).catch(
      (caught) => caught,
    )
    expect(error).toMatchObject({code: 'PORT_IN_USE', details: {environments: ['blue']}})
    expect(error.message).toContain('environment blue')
  })

  it('lets one of two at the same time create and the other find it', async () => {
    const results = await Promise.all([bringUp(parts, request, never()), bringUp(parts, request, never())])
    expect(results.map(({change}) => change).sort()).toEqual(['created', 'none'])
    expect(await engine.list()).toHaveLength(3)
  })

  it('takes over the lock of a process that was killed', async () => {
    const lock = parts.store.lockPath('blue')
    mkdirSync(lock, {recursive: true})
    const longAgo = new Date(Date.now() - 60_000)
    utimesSync(lock, longAgo, longAgo)
    expect(await bringUp(parts, request, never())).toMatchObject({change: 'created'})
    expect(existsSync(lock)).toBe(false)
  })

  it('breaks the lock of a process that is known to be gone at once, and of no other', async () => {
    const lock = parts.store.lockPath('blue')
    const holder = `${lock}.holder`
    const hold = (pid: number, startToken: string) => {
      mkdirSync(lock, {recursive: true})
      writeFileSync(holder, JSON.stringify({pid, startToken}))
    }
    hold(process.pid, 'of an earlier process with this number')
    const started = performance.now()
    await bringUp(parts, request, never())
    expect(performance.now() - started).toBeLessThan(4000)
    expect([existsSync(lock), existsSync(holder)]).toEqual([false, false])

    // A file from before the lock was taken says nothing of who holds it.
    hold(process.pid, 'of an earlier process with this number')
    const longAgo = new Date(Date.now() - 60_000)
    utimesSync(holder, longAgo, longAgo)
    const abort = new AbortController()
    setTimeout(() => abort.abort(), 200)
    await expect(takeDown(parts, 'blue', abort.signal)).rejects.toMatchObject({code: 'INTERRUPTED'})
    const own = await findProcess(process.pid)
    hold(process.pid, own!.startToken)
    await expect(takeDown(parts, 'blue', AbortSignal.timeout(200))).rejects.toMatchObject({code: 'INTERRUPTED'})
    rmSync(lock, {recursive: true})
  })

  it('is not left behind by an up that was killed before it had made anything', async () => {
    const lock = parts.store.lockPath('blue')
    mkdirSync(lock, {recursive: true})
    writeFileSync(`${lock}.holder`, JSON.stringify({pid: process.pid, startToken: 'of an earlier process'}))
    expect(await takeDown(parts, 'blue', never())).toMatchObject({removed: false})
    expect(existsSync(join(stateFolder, 'environments'))).toBe(false)
  })

  it('undoes its work when the lock is lost', async () => {
    driver.form = async (_access, _replicas, signal) => {
      rmSync(parts.store.lockPath('blue'), {recursive: true})
      await once(signal, 'abort')
      throw new CliError('INTERRUPTED', 'interrupted')
    }
    await expect(bringUp(parts, request, never())).rejects.toMatchObject({code: 'LOCKED', exitCode: 5})
    expectNothingLeft()
  })

  it('stops waiting for a lock when interrupted', async () => {
    mkdirSync(parts.store.lockPath('blue'), {recursive: true})
    const abort = new AbortController()
    const waiting = bringUp(parts, request, abort.signal)
    abort.abort()
    await expect(waiting).rejects.toMatchObject({code: 'INTERRUPTED'})
  })
})

describe('down', () => {
  it('stops and removes everything', async () => {
    await bringUp(parts, request, never())
    expect(await takeDown(parts, 'blue', never())).toEqual({
      name: 'blue',
      removed: true,
      stoppedNodes: ['n1', 'n2', 'n3'],
    })
    expect([...engine.nodes.keys(), ...engine.kept]).toEqual([])
    expect(existsSync(join(stateFolder, 'environments'))).toBe(false)
  })

  it('does not mind that there is none, and makes no folder to find out', async () => {
    expect(await takeDown(parts, 'blue', never())).toMatchObject({removed: false})
    expectNothingLeft()
  })

  it('removes the lock of an up that was killed before it had begun', async () => {
    const lock = parts.store.lockPath('blue')
    mkdirSync(lock, {recursive: true})
    utimesSync(lock, 0, 0)
    expect(await takeDown(parts, 'blue', never())).toMatchObject({removed: false})
    expect(existsSync(parts.store.folder)).toBe(false)
  })

  it('forgets no nodes that it cannot see', async () => {
    await bringUp(parts, request, never())
    Object.defineProperty(engine, 'kind', {value: 'docker'})
    engine.probe = async () => ({available: false, reason: 'no Docker daemon', remedy: 'start it'})
    engine.list = async () => []
    const unseen = {code: 'ENVIRONMENT_LACKS', exitCode: 8, suggestions: ['start it']}
    await expect(takeDown(parts, 'blue', never())).rejects.toMatchObject(unseen)
    expect(await parts.store.names()).toEqual(['blue'])
    const stop = {graceMs: 0, kind: 'stop'} as const
    await expect(actOnNodes(parts, 'blue', 'all', stop, never())).rejects.toMatchObject(unseen)
    const state = (await parts.store.read('blue'))!
    await expect(requireRunning(engine, state, 'n1')).rejects.toMatchObject(unseen)
    await parts.store.write({...state, formed: false})
    Object.defineProperty(engine, 'probe', {
      value: async (program?: string): Promise<Probe> =>
        program === undefined ? {available: true} : {available: false, reason: 'no Docker daemon'},
    })
    await expect(bringUp(parts, request, never())).rejects.toMatchObject({code: 'ENVIRONMENT_LACKS'})
    expect(await parts.store.names()).toEqual(['blue'])
  })

  it('removes one environment and leaves the other', async () => {
    await bringUp(parts, request, never())
    await bringUp(parts, {basePort: await claimPorts(1), name: 'green', primaries: 1, replicas: 0}, never())
    await takeDown(parts, 'blue', never())
    expect((await engine.list()).map(({environment}) => environment)).toEqual(['green'])
    expect(await parts.store.names()).toEqual(['green'])
  })

  it('needs no readable state file', async () => {
    await bringUp(parts, request, never())
    writeFileSync(join(stateFolder, 'environments', 'blue', 'environment.json'), '{"version":')
    await expect(bringUp(parts, request, never())).rejects.toMatchObject({code: 'ENVIRONMENT_EXISTS'})
    expect(await takeDown(parts, 'blue', never())).toMatchObject({removed: true})
    expect(await engine.list()).toEqual([])
  })
})

describe('status', () => {
  it('has nothing to say where nothing is', async () => {
    expect(await statusOf(parts, never())).toEqual([])
  })

  it('tells ok, degraded, stopped and incomplete apart', async () => {
    await bringUp(parts, request, never())
    expect(await statusOf(parts, never())).toMatchObject([{name: 'blue', state: 'ok'}])
    const describeAll = driver.describe.bind(driver)
    driver.describe = async (access) => (await describeAll(access)).slice(1)
    const [degraded] = await statusOf(parts, never(), 'blue')
    expect(degraded?.state).toBe('degraded')
    expect(degraded?.nodes.map(({state}) => state)).toEqual(['unresponsive', 'running', 'running'])
    for (const node of await engine.list()) await engine.stop(node)
    const [stopped] = await statusOf(parts, never())
    expect(stopped?.state).toBe('stopped')
    expect(stopped?.nodes.map(({state}) => state)).toEqual(['stopped', 'stopped', 'stopped'])
    const {spec} = (await parts.store.read('blue'))!
    await parts.store.write({faults: [], formed: false, peerHosts: {}, spec, version: 2})
    expect(await statusOf(parts, never())).toMatchObject([{state: 'incomplete'}])
    expect(await statusOf(parts, never(), 'green')).toEqual([])
  })

  it('shows running nodes whose state file is lost', async () => {
    await bringUp(parts, request, never())
    await parts.store.remove('blue')
    const [lost] = await statusOf(parts, never())
    expect(lost).toMatchObject({name: 'blue', state: 'incomplete'})
    expect(lost?.nodes.map(({name}) => name)).toEqual(['n1', 'n2', 'n3'])
  })
})
