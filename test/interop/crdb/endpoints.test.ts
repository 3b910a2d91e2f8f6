import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {CrdbWorld} from '../../support/crdb/world.js'
import {callRedis} from '../../support/peers.js'
import {claimPorts} from '../../support/ports.js'
import {waitFor} from '../../support/processes.js'

/** Instances that are clusters which ran before: here of environments, which databases need not know. */
describe('an active-active database over clusters that run already', () => {
  const world = new CrdbWorld()
  let base: number
  const ports: Record<string, number> = {}
  const call = (name: string, ...command: string[]) =>
    callRedis(ports[name] as number, command, name === 'locked' ? 'hush' : undefined)
  const instance = (name: string, more = '') => ['--instance', `endpoint=127.0.0.1:${ports[name]}${more}`]
  const create = (...instances: string[]) =>
    world.shoal(['crdb', 'create', '--name', 'geo', '--memory-size', '64mb', ...instances])

  beforeAll(async () => {
    base = await claimPorts(20)
    const up = async (name: string, offset: number, shards: number, password?: string) => {
      ports[name] = base + offset
      const args = [
        'up',
        '--name',
        name,
        '--primaries',
        String(shards),
        '--replicas',
        '0',
        '--base-port',
        String(base + offset),
      ]
      const run = await world.shoal(args, password === undefined ? {} : {env: {SHOAL_PASSWORD: password}})
      expect(run.code, run.stderr).toBe(0)
    }
    await up('one', 0, 1)
    await up('three', 3, 3)
    await up('locked', 8, 1, 'hush')
  })

  afterAll(async () => {
    for (const name of ['one', 'three', 'locked']) await world.done('down', '--name', name)
  })

  const isPart = async (name: string) => (await call(name, 'CRDT.CONFIG', 'GET')) !== null

  it('refuses wrong credentials, and clusters that are in use, and leaves nothing', async () => {
    const wrong = await create(...instance('one'), ...instance('locked', ',username=default,password=wrong'))
    expect([wrong.code, wrong.stderr]).toEqual([3, expect.stringContaining('refused the user name or password')])
    await call('one', 'SET', 'a', '1')
    const full = await create(...instance('one'), ...instance('three'))
    expect([full.code, full.stderr]).toEqual([3, expect.stringContaining('holds keys: an instance begins empty')])
    await call('one', 'FLUSHALL')
    for (const name of ['one', 'three']) expect(await isPart(name)).toBe(false)
  })

  it('is made of clusters of different sizes and passwords', async () => {
    const run = await create(
      ...instance('one'),
      ...instance('three'),
      ...instance('locked', ',username=default,password=hush'),
    )
    expect(run.code, run.stderr).toBe(0)
    expect((await world.done('crdb', 'get')).stdout).not.toContain('hush')
    const again = await world.shoal([
      'crdb',
      'create',
      '--name',
      'more',
      '--memory-size',
      '1mb',
      ...instance('one'),
      ...instance('three'),
    ])
    expect([again.code, again.stderr]).toEqual([5, expect.stringContaining('of database geo already')])
    await call('one', 'SET', 'b', 'from one')
    // Slot 3300, of the first of three shards.
    await waitFor(async () => (await call('three', 'GET', 'b')) === 'from one', {
      what: 'the write in the larger cluster',
    })
    await call('three', 'SET', 'b', 'from three')
    await waitFor(async () => (await call('one', 'GET', 'b')) === 'from three', {
      what: 'the write in the smaller cluster',
    })
  })

  it('leaves them standing, empty and part of nothing', async () => {
    await world.done('crdb', 'remove-instance', '--instance-id', '2', '--yes')
    expect(await isPart('three')).toBe(false)
    await call('three', 'SET', 'b', 'its own')
    expect(await call('one', 'GET', 'b')).toBe('from three')
    await world.done('crdb', 'delete', '--yes')
    expect(await isPart('one')).toBe(false)
    expect(await call('one', 'DBSIZE')).toBe(0)
  })
})
