import {execFileSync} from 'node:child_process'
import {Cluster} from 'ioredis'
import {createCluster} from 'redis'
import {afterAll, beforeAll, expect, it} from 'vitest'
import {environmentParts} from '../../src/lib/cli/environment/parts.js'
import {takeDown} from '../../src/lib/environment/down.js'
import {healFaults} from '../../src/lib/environment/faults/heal.js'
import {makeFault} from '../../src/lib/environment/faults/make.js'
import {accessOf, layoutOf} from '../../src/lib/environment/parts.js'
import {statusOf} from '../../src/lib/environment/status.js'
import {bringUp} from '../../src/lib/environment/up.js'
import {describeWithDocker} from '../support/docker.js'
import {callRedis, peerProgram} from '../support/peers.js'
import {claimPorts} from '../support/ports.js'
import {temporaryFolder, waitFor} from '../support/processes.js'
import {docker, redisImage, remains} from './support.js'

const CYCLES = 2
const never = () => new AbortController().signal

describeWithDocker('an environment in Docker', () => {
  const parts = environmentParts({SHOAL_STATE_DIR: temporaryFolder('docker-state')})
  const engine = parts.engines.of('docker')
  let basePort: number

  beforeAll(async () => {
    basePort = await claimPorts(6)
    const request = {
      basePort,
      engine: 'docker',
      name: 'trio',
      nodeTimeoutMs: 1000,
      program: await redisImage(),
    } as const
    await bringUp(parts, request, never())
  })

  afterAll(async () => {
    await takeDown(parts, 'trio', never())
    expect(remains('trio')).toEqual([])
    expect(await engine.has('trio')).toBe(false)
  })

  const status = async () => {
    const [environment] = await statusOf(parts, never(), 'trio')
    if (!environment) throw new Error('no environment')
    return environment
  }

  /** What each node says of itself and of the others, and what it has logged last. */
  const tellViews = async () => {
    const views = (await status()).nodes.map(async ({address, name}) => {
      const call = (...argv: string[]) => callRedis(address!.port, argv).catch(String)
      const says = [await call('CLUSTER', 'NODES'), await call('INFO', 'replication'), await call('CLUSTER', 'INFO')]
      return [`--- ${name}`, ...says, ...docker('logs', '--tail', '40', `shoal-trio-${name}`)].join('\n')
    })
    return (await Promise.all(views)).join('\n')
  }

  it('is ready, and starts nothing when brought up again', async () => {
    expect((await status()).state).toBe('ok')
    expect(await bringUp(parts, {name: 'trio'}, never())).toMatchObject({change: 'none', startedNodes: []})
  })

  it('is reached from this machine by redirects, without a map', async () => {
    // One key in the slots of each primary.
    const keys = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
    for (const key of keys) {
      const text = execFileSync(peerProgram('redis-cli'), ['-c', '-p', `${basePort}`, 'SET', key, `${key}!`], {
        encoding: 'utf8',
      })
      expect(text.trim()).toBe('OK')
    }
    const ioredis = new Cluster([{host: '127.0.0.1', port: basePort}])
    const nodeRedis = createCluster({rootNodes: [{url: `redis://127.0.0.1:${basePort}`}]})
    await nodeRedis.connect()
    try {
      expect(await Promise.all(keys.map((key) => ioredis.get(key)))).toEqual(keys.map((key) => `${key}!`))
      expect(await Promise.all(keys.map((key) => nodeRedis.get(key)))).toEqual(keys.map((key) => `${key}!`))
    } finally {
      ioredis.disconnect()
      nodeRedis.destroy()
    }
  })

  it('fails over when a primary is cut off, which is a replica at its old address once healed', async () => {
    const state = await parts.store.read('trio')
    if (!state) throw new Error('no environment')
    const layout = layoutOf(state.spec, state.peerHosts)
    const others = (name: string) => layout.nodes.flatMap((node) => (node.name === name ? [] : [node.name]))
    for (let cycle = 0; cycle < CYCLES; cycle++) {
      const owner = (await status()).nodes.find(({slots}) => slots?.some(({first}) => first === 0))
      const name = owner?.name ?? ''
      const port = owner?.address?.port ?? 0
      await callRedis(port, ['SET', 'b', `cycle ${cycle}`]).catch(() => undefined)
      const effect = {kind: 'drop'} as const
      const cut = others(name).flatMap((other) => [
        {effect, from: name, to: other},
        {effect, from: other, to: name},
      ])
      await engine.links.apply(layout, cut, never())
      const heir = await waitFor(
        async () =>
          (await status()).nodes.find((node) => node.name !== name && node.slots?.some(({first}) => first === 0)),
        {deadlineMs: 20_000, everyMs: 100, what: `another owner of slot 0 than ${name}`},
      ).catch(async (error: Error) => {
        throw new Error(`${error.message}\n${await tellViews()}`)
      })
      // The minority is still reached from here, and says what it is.
      expect(await callRedis(port, ['CLUSTER', 'INFO'])).toContain('cluster_state:fail')
      await engine.links.apply(layout, [], never())
      await parts.driver.settle(accessOf(state), never())
      expect(
        await waitFor(async () => ((await status()).state === 'ok' ? await status() : undefined), {what: 'ok'}),
      ).toMatchObject({
        nodes: expect.arrayContaining([
          expect.objectContaining({link: 'up', name, replicaOf: heir.name, role: 'replica'}),
        ]),
      })
      const ip = '{{(index .NetworkSettings.Networks "shoal-trio-peer").IPAddress}}'
      expect(docker('inspect', '--format', ip, `shoal-trio-${name}`)).toEqual([state.peerHosts[name]])
    }
  })

  it('is made slow where the kernel can; else nothing is left of the wish', async () => {
    const wish = {jitterMs: 10, kind: 'slow', ms: 60, selector: 'n1'} as const
    const request = {add: false, keep: false, name: 'trio', seed: 1, shuffled: false, wish}
    const helpers = () => docker('ps', '--all', '--quiet', '--filter', 'label=dev.shoal.fault')
    const supported = await engine.links.supports('delay')
    if (supported.available) {
      const {links} = await makeFault(parts, request, never())
      expect(links.filter(({delay}) => delay)).toHaveLength(5)
      await healFaults(parts, {name: 'trio'}, never())
    } else {
      await expect(makeFault(parts, request, never())).rejects.toMatchObject({
        code: 'ENVIRONMENT_LACKS',
        exitCode: 8,
        message: expect.stringContaining('sch_netem'),
        suggestions: [expect.stringContaining('modprobe')],
      })
    }
    expect((await parts.store.read('trio'))?.faults).toEqual([])
    await waitFor(() => helpers().length === 0, {what: 'the end of the helpers'})
  })

  it('is seen by later commands, stopped and started again', async () => {
    const later = environmentParts({SHOAL_STATE_DIR: parts.store.folder.replace(/\/environments$/, '')})
    const nodes = await later.engines.of('docker').list('trio')
    expect(nodes.map(({name}) => name)).toEqual(['n1', 'n2', 'n3', 'n4', 'n5', 'n6'])
    const replica = (await status()).nodes.find(({role}) => role === 'replica')?.name
    const node = nodes.find(({name}) => name === replica)
    if (!node) throw new Error('no replica')
    await engine.stop(node, 2000)
    expect((await status()).state).toBe('degraded')
    expect(await bringUp(later, {name: 'trio'}, never())).toMatchObject({change: 'started', startedNodes: [replica]})
    expect((await status()).state).toBe('ok')
  })
})
