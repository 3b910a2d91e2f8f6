import {existsSync, mkdirSync, rmSync, statSync} from 'node:fs'
import {join} from 'node:path'
import {afterAll, beforeAll, expect, it} from 'vitest'
import {clusterDriver} from '../../../src/lib/cli/environment/cluster-driver.js'
import {enginesOf} from '../../../src/lib/engine/engines.js'
import {hasLoopbackNet, peerHostOf} from '../../../src/lib/engine/process/addresses.js'
import {ProcessEngine} from '../../../src/lib/engine/process/process-engine.js'
import {takeDown} from '../../../src/lib/environment/down.js'
import {healFaults} from '../../../src/lib/environment/faults/heal.js'
import {type EnvironmentParts, layoutOf} from '../../../src/lib/environment/parts.js'
import {EnvironmentStore} from '../../../src/lib/environment/store.js'
import {bringUp} from '../../../src/lib/environment/up.js'
import {callRedis, describeWithPeers, requirePeers} from '../../support/peers.js'
import {claimPorts} from '../../support/ports.js'
import {processesWith, temporaryFolder, waitFor} from '../../support/processes.js'

const never = () => new AbortController().signal
const isLinux = await hasLoopbackNet()

describeWithPeers('an environment of redis-servers', () => {
  let parts: EnvironmentParts
  let engine: ProcessEngine
  let basePort: number
  let proxyPid: number
  const request = () => ({basePort, engine: 'process', name: 'blue', nodeTimeoutMs: 1000}) as const

  beforeAll(async () => {
    // A path that is too long for a socket of its own.
    const store = new EnvironmentStore(join(temporaryFolder('process'), 'far'.repeat(40)))
    engine = new ProcessEngine({folder: store.folder, searchPath: requirePeers().folder})
    parts = {driver: clusterDriver, engines: enginesOf([engine]), store}
    basePort = await claimPorts(6)
  })

  afterAll(async () => {
    await takeDown(parts, 'blue', never())
  })

  const call = (node: number, ...command: string[]) => callRedis(basePort + node - 1, command)
  const roleOf = async (node: number) => /role:(\w+)/.exec(String(await call(node, 'INFO', 'replication')))?.[1]
  const layout = async () => {
    const state = (await parts.store.read('blue'))!
    return layoutOf(state.spec, state.peerHosts)
  }
  const others = [2, 3, 4, 5, 6]
  const cutOff = others.flatMap((other) => [
    {effect: {kind: 'drop'} as const, from: 'n1', to: `n${other}`},
    {effect: {kind: 'drop'} as const, from: `n${other}`, to: 'n1'},
  ])

  it('is one cluster in which clients are sent to the nodes themselves', async () => {
    expect((await bringUp(parts, request(), never())).change).toBe('created')
    for (const node of [1, ...others]) expect(await call(node, 'CLUSTER', 'INFO')).toContain('cluster_state:ok')
    const [first] = (await call(1, 'CLUSTER', 'SLOTS')) as [unknown, unknown, [string, number]][]
    expect(first?.[2].slice(0, 2)).toEqual(['127.0.0.1', basePort])
    await expect(call(1, 'GET', 'b')).resolves.toBe(null)
    await expect(call(1, 'GET', 'a')).rejects.toThrow(`MOVED 15495 127.0.0.1:${basePort + 2}`)
  })

  it.runIf(isLinux)(
    'has a control socket for this user alone, and one proxy however often it is brought up',
    async () => {
      expect((await bringUp(parts, request(), never())).change).toBe('none')
      const links = join(parts.store.folder, 'blue', 'process', 'links')
      expect(statSync(join(links, 'control.sock')).mode & 0o077).toBe(0)
      const found = processesWith(links)
      expect(found).toHaveLength(1)
      proxyPid = found[0] as number
    },
  )

  it.runIf(isLinux)(
    'fails over while its primary is cut off, which clients still reach, and is whole when healed',
    async () => {
      await call(1, 'SET', 'b', 'value')
      await engine.links.apply(await layout(), cutOff, never())
      // For this a server dials from 127.0.0.1, as clients do.
      const migrate = ['MIGRATE', peerHostOf(basePort + 1), String(basePort + 1), 'b', '0', '100']
      await expect(call(1, ...migrate)).rejects.toThrow('IOERR')
      await waitFor(async () => (await roleOf(4)) === 'master', {what: 'the replica to take over'})
      await waitFor(async () => String(await call(1, 'CLUSTER', 'INFO')).includes('cluster_state:fail'), {
        what: 'the primary to know that it is alone',
      })
      expect(await roleOf(1)).toBe('master')
      await engine.links.apply(await layout(), [], never())
      await waitFor(
        async () => /role:slave[\s\S]*master_link_status:up/.test(String(await call(1, 'INFO', 'replication'))),
        {what: 'the former primary to follow'},
      )
    },
  )

  it.runIf(isLinux)('gets a new proxy by being brought up when the old one was killed', async () => {
    process.kill(proxyPid, 'SIGKILL')
    await waitFor(async () => String(await call(1, 'INFO', 'replication')).includes('master_link_status:down'), {
      what: 'the end of all connections',
    })
    await bringUp(parts, request(), never())
    const links = await engine.links.probe(await layout(), [{from: 'n1', to: 'n2'}], 5000, never())
    expect(links).toMatchObject([{passes: true}])
  })

  it.runIf(isLinux)('gets a new proxy by being healed, too', async () => {
    for (const pid of processesWith(join(parts.store.folder, 'blue', 'process', 'links'))) process.kill(pid, 'SIGKILL')
    await healFaults(parts, {name: 'blue'}, never())
    const links = await engine.links.probe(await layout(), [{from: 'n1', to: 'n2'}], 5000, never())
    expect(links).toMatchObject([{passes: true}])
  })

  it('leaves no process and no file when taken down', async () => {
    await takeDown(parts, 'blue', never())
    expect(processesWith(parts.store.folder)).toEqual([])
    expect(existsSync(join(parts.store.folder, 'blue'))).toBe(false)
  })

  it('knows of a primary and its replicas without cluster', async () => {
    await bringUp(parts, {...request(), replicas: 1, topology: 'replication'}, never())
    expect(await call(2, 'INFO', 'replication')).toContain('master_link_status:up')
    if (!isLinux) return
    const rules = [{effect: {kind: 'reset'} as const, from: 'n1', to: 'n2'}]
    await engine.links.apply(await layout(), rules, never())
    await waitFor(async () => String(await call(2, 'INFO', 'replication')).includes('master_link_status:down'), {
      what: 'the cut',
    })
  })

  it.runIf(isLinux)('leaves no proxy behind when its folder is deleted', async () => {
    const folder = join(parts.store.folder, 'blue')
    for (const node of await engine.list('blue')) await engine.stop(node, 0)
    rmSync(folder, {recursive: true})
    mkdirSync(join(folder, 'process', 'links'), {recursive: true})
    await waitFor(() => processesWith(folder).length === 0, {what: 'the end of the proxy'})
  })
})
