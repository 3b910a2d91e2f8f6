import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {SoakWorld} from '../../support/crdb/soak-world.js'
import {TAGS} from '../../support/crdb/soak-writers.js'
import {REGIONS} from '../../support/crdb/world.js'

const ALL = [1, 2, 3] as const

let world: SoakWorld

beforeEach(() => {
  world = new SoakWorld()
})

afterEach(() => world.down())

describe('a database that is written while its nodes are killed', () => {
  it('goes on without a primary: the other regions find the node that took over', async () => {
    await world.up('--node-timeout', '1000')
    await world.create('--shards-count', '3', '--replication', 'true')
    world.write(...ALL)
    await world.written()
    // What was not exchanged is lost with a primary if no replica has it yet.
    await world.exchanged(1)
    await world.done('kill', 'mycrdb-1-1')
    world.write(1)
    await world.written()
    expect(await world.list()).toContain('mycrdb-1-4')
    await world.done('start', 'mycrdb-1-1')
    await world.written()
    await world.expectAllKept()
  })

  it('gets a whole region back from its files', async () => {
    await world.up('--persistence', 'aof', '--set', 'appendfsync=always')
    await world.create()
    world.write(...ALL)
    await world.written()
    await world.done('kill', 'region:cluster2.local')
    await world.written([1, 3])
    await world.done('start', 'region:cluster2.local')
    await world.written()
    await world.expectAllKept()
  })

  it('gives a region that begins anew, cut off from all, what it had given', async () => {
    await world.up('--persistence', 'none')
    await world.create()
    world.write(...ALL)
    await world.written()
    await world.exchanged(2)
    await world.done('kill', 'region:cluster2.local')
    await world.written([1, 3])
    await world.done('partition', '--regions', 'cluster2.local')
    await world.up()
    // It waits some seconds for the others; then it writes, and knows nothing of what it wrote before.
    world.write(2)
    await world.written()
    await world.done('heal')
    await world.written()
    await world.expectAllKept()
  })
})

describe('a database that is written while it changes its shape', () => {
  it('loses nothing as instances go and come, and slots move', async () => {
    await world.up()
    await world.create('--shards-count', '3', '--replication', 'false')
    world.write(...ALL)
    await world.written()

    const [first, , third] = world.portsOf(1).map((port) => `127.0.0.1:${port}`) as [string, string, string]
    // Of TAGS the first; a second move brings it back.
    await world.done('reshard', first, '--slots', '3000-3600', '--to', third, '--yes')
    await world.written()
    await world.done('reshard', first, '--slots', '3000-3400,7000-7400', '--to', first, '--yes')
    await world.written()

    await world.exchanged(3)
    await world.done('crdb', 'remove-instance', '--instance-id', '3', '--yes')
    await world.list()
    await world.written()
    await world.done('crdb', 'add-instance', '--instance', `fqdn=${REGIONS[2]},username=r@r.com,password=test`)
    await world.list()
    expect(world.regions).toEqual([1, 2, 4])
    world.write(4)
    await world.written()
    await world.expectAllKept()
    expect((await world.look(4, TAGS[0])).list.some((entry) => entry.startsWith('3:'))).toBe(true)
  })
})
