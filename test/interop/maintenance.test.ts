import {afterEach, beforeEach, expect, it} from 'vitest'
import type {NodeId} from '../../src/lib/model/node-id.js'
import {MaintenanceNotes} from '../../src/lib/operations/maintenance-notes.js'
import {runShoal} from '../support/cli.js'
import {
  describeWithPeers,
  type RealCluster,
  type RedisNode,
  startRealCluster,
  startRedis,
  startReplica,
} from '../support/peers.js'
import {temporaryFolder, waitFor} from '../support/processes.js'
import {fillNode, keysIn, lostAt, Writers} from './reshard-load.js'

interface Document {
  readonly status: string
  readonly plan: {
    readonly way: string
    readonly kind: string
    readonly slots: string
    readonly warnings: readonly string[]
  }
  readonly note?: {readonly slots: string}
}

interface Failure {
  readonly error: {readonly code: string; readonly message: string; readonly suggestions: readonly string[]}
}

const ALL = {first: 0, last: 16_383}

describeWithPeers('maintenance', () => {
  let cluster: RealCluster
  let node: RedisNode
  let address: string
  let keys: string[]
  let layout: string[]
  let env: {SHOAL_STATE_DIR: string}
  let others: RedisNode[]

  beforeEach(async () => {
    env = {SHOAL_STATE_DIR: temporaryFolder('maintenance-state')}
    others = []
    cluster = await startRealCluster(3)
    node = cluster.nodes[0] as RedisNode
    address = `127.0.0.1:${node.port}`
    keys = keysIn({first: 0, last: 5460}, 2000, 'base')
    await fillNode(node.port, keys)
    layout = await slotsNow()
  })

  afterEach(() => Promise.all([cluster?.stop(), ...others.map((each) => each.stop())]))

  const run = (...words: string[]) => runShoal(['maintenance', ...words, '--json', '--timeout', '1s'], {env})
  const attach = async () => {
    const replica = await startReplica(node, cluster.nodes)
    others.push(replica)
    return replica
  }
  const roleOf = async (each: RedisNode) => ((await each.call('ROLE')) as string[])[0]
  const slotsNow = async () => {
    const slots = (await cluster.nodes[1]?.call('CLUSTER', 'SLOTS')) as [number, number, [string, number]][]
    return slots.map(([first, last, owner]) => `${first}-${last}:${owner[1]}`).sort()
  }
  const ownSlots = async () => {
    const own = String(await node.call('CLUSTER', 'NODES'))
      .split('\n')
      .find((line) => line.includes('myself'))
    return own?.includes('slave') ? [] : (own?.split(' ').slice(8) ?? [])
  }
  const restart = async (folder: string) => {
    const back = await startRedis({cluster: true, port: node.port, folder})
    others.push(back)
    return back
  }

  it('hands over to a replica, and back once the node is there again, and loses nothing', async () => {
    const replica = await attach()
    const shown = await run('on', address, '--dry-run')
    expect(shown.json<Document>()).toMatchObject({status: 'planned', plan: {way: 'failover', slots: '0-5460'}})
    expect(shown.json<Document>().plan.warnings.join()).toMatch(/has the only copy of slots 0-5460/)
    expect((await run('off', address)).json<Document>().status).toBe('nothing')
    const asked = await run('on', address)
    expect([asked.code, asked.json<Failure>().error.code]).toEqual([2, 'NEEDS_TERMINAL'])

    const writers = new Writers([...cluster.ports.slice(1), replica.port], ALL, 'maintained', 4)
    const on = await run('on', address, '--yes')
    expect(on.code, on.stdout + on.stderr).toBe(0)
    expect(await ownSlots()).toEqual([])
    expect(await roleOf(replica)).toBe('master')
    const again = await run('on', address, '--yes')
    expect([again.code, again.json<Document>().status]).toEqual([0, 'nothing'])
    expect(again.json<Document>().note?.slots).toBe('0-5460')
    await node.stop()
    const early = await run('off', address, '--yes')
    expect([early.code, early.json<Failure>().error.code]).toEqual([7, 'UNREACHABLE'])

    await restart(node.folder)
    const off = await run('off', address, '--yes')
    expect(off.code, off.stdout + off.stderr).toBe(0)
    expect([await roleOf(node), await roleOf(replica)]).toEqual(['master', 'slave'])
    expect(await slotsNow()).toEqual(layout)
    expect(await writers.stop()).toEqual([])
    expect(await lostAt(node.port, keys)).toEqual([])
    expect((await run('off', address)).json<Document>().status).toBe('nothing')
  })

  it('drains a node without replica on request alone, and brings its slots back from wherever they are', async () => {
    const refused = await run('on', address, '--yes')
    expect([refused.code, refused.json<Failure>().error.code]).toEqual([3, 'CLUSTER_UNHEALTHY'])
    expect(refused.json<Failure>().error.suggestions.join()).toContain(`shoal maintenance on ${address} --drain`)
    const writers = new Writers(cluster.ports.slice(1), ALL, 'drained', 4)
    const on = await run('on', address, '--drain', '--yes')
    expect(on.code, on.stdout + on.stderr).toBe(0)
    expect(await ownSlots()).toEqual([])
    const to = `127.0.0.1:${cluster.ports[2]}`
    const moved = await runShoal(['reshard', to, '--from', 'all', '--to', to, '--slots', '0-3999', '--yes', '--json'], {
      env,
    })
    expect(moved.code, moved.stdout).toBe(0)

    const off = await run('off', address, '--yes')
    expect(off.code, off.stdout + off.stderr).toBe(0)
    expect(await slotsNow()).toEqual(layout)
    expect(await writers.stop()).toEqual([])
    expect(await lostAt(node.port, keys)).toEqual([])
  })

  it('goes on after SIGKILL in the middle, there and back', async () => {
    const writers = new Writers(cluster.ports.slice(1), ALL, 'killed', 4)
    const killed = async (...words: string[]) => {
      let kill: (signal: NodeJS.Signals) => void = () => undefined
      return runShoal(['maintenance', ...words, '--yes', '--json', '--events', '--window', '16'], {
        env,
        onStart: (process) => {
          kill = process.kill
        },
        onStderr: (text) => {
          if (text.split('"window-done"').length > 20) kill('SIGKILL')
        },
      })
    }
    expect((await killed('on', address, '--drain')).signal).toBe('SIGKILL')
    const on = await run('on', address, '--drain', '--yes')
    expect(on.code, on.stdout + on.stderr).toBe(0)
    expect(await ownSlots()).toEqual([])
    expect(on.json<Document>().note?.slots).toBe('0-5460')
    expect((await killed('off', address)).signal).toBe('SIGKILL')
    const off = await run('off', address, '--yes')
    expect(off.code, off.stdout + off.stderr).toBe(0)
    expect(await slotsNow()).toEqual(layout)
    expect(await writers.stop()).toEqual([])
    expect(await lostAt(node.port, keys)).toEqual([])
  })

  it('needs nothing to be done where a run before was cut short after it had written things down', async () => {
    await attach()
    expect((await run('on', address, '--yes')).code).toBe(0)
    // By hand, as if the way back had been cut short before its last step.
    await waitFor(async () => String(await node.call('INFO', 'replication')).includes('master_link_status:up'), {
      what: 'the node to be in sync',
    })
    expect((await runShoal(['failover', address, '--yes', '--json'], {env})).code).toBe(0)
    const off = await run('off', address, '--yes')
    expect([off.code, off.json<Document>().status], off.stdout).toEqual([0, 'nothing'])
    expect(await slotsNow()).toEqual(layout)
    expect((await run('off', address)).json<Document>().note).toBeUndefined()
  })

  it('knows a node that was replaced, and forgets the old one on request', async () => {
    const replica = await attach()
    const id = String(await node.call('CLUSTER', 'MYID'))
    expect((await run('on', address, '--yes')).code).toBe(0)
    await node.kill()
    await restart(temporaryFolder('replacement'))
    const off = await run('off', address, '--yes')
    expect([off.code, off.json<Failure>().error.code], off.stdout).toEqual([3, 'PREFLIGHT_FAILED'])
    expect(off.json<Failure>().error.message).toContain('another node took its place')
    expect(off.json<Failure>().error.suggestions).toEqual([`shoal maintenance off ${id} --discard`])
    expect((await run('off', id, '--discard')).json<Document>().status).toBe('done')
    expect((await run('off', address)).json<Document>().status).toBe('nothing')
    expect(await roleOf(replica)).toBe('master')
  })

  it('does not take a node for one of another cluster that was at its address', async () => {
    const other = {version: 1, node: 'f'.repeat(40) as NodeId, address, at: '2025-01-01', members: []} as const
    await new MaintenanceNotes(env.SHOAL_STATE_DIR).write({...other, way: 'drain', slots: '0-99'})
    const on = await run('on', address, '--drain', '--yes')
    expect([on.code, on.json<Document>().note?.slots], on.stdout).toEqual([0, '0-5460'])
    const off = await run('off', address, '--yes')
    expect(off.code, off.stdout).toBe(0)
    expect(await slotsNow()).toEqual(layout)
  })

  it('writes nothing down before the operator has agreed', async () => {
    const refused = await run('on', address, '--drain')
    expect([refused.code, refused.json<Failure>().error.code]).toEqual([2, 'NEEDS_TERMINAL'])
    expect((await run('off', address)).json<Document>()).toEqual({action: 'off', status: 'nothing'})
  })

  it('tells of a replica that nothing must be done, and what its primary lacks meanwhile', async () => {
    const replica = await attach()
    const on = await run('on', `127.0.0.1:${replica.port}`, '--yes')
    expect(on.json<Document>()).toMatchObject({status: 'nothing', plan: {way: 'nothing'}})
    expect(on.json<Document>().plan.warnings.join()).toContain(`${address} (`)
    const off = await run('off', `127.0.0.1:${replica.port}`, '--yes')
    expect([off.code, off.json<Document>().status]).toEqual([0, 'nothing'])
  })
})
