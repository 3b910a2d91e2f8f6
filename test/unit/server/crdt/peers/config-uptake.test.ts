import {describe, expect, it} from 'vitest'
import {World, type WorldNode} from './world.js'

const versionOf = (node: WorldNode) => node.database.config.version

/** As CRDT.CONFIG SET does at a node. */
function tell(node: WorldNode, version: number): void {
  node.database.config = {...node.database.config, version}
  node.peers.configChanged(node.database.config)
}

describe('a later configuration', () => {
  it('comes to regions that were away when it was made', () => {
    const world = new World(3)
    const [a, b, c] = [1, 2, 3].map((region) => world.add(region)) as [WorldNode, WorldNode, WorldNode]
    world.advance(500)
    world.cut(1, 3)
    world.cut(2, 3)
    world.advance(500)
    tell(a, 4)
    world.advance(2500)
    expect([a, b, c].map(versionOf)).toEqual([4, 4, 1])
    world.heal()
    world.advance(8000)
    expect(versionOf(c)).toBe(4)
    expect(c.peers.regions.get(1)?.configVersion).toBe(4)
    expect(a.peers.regions.get(3)?.configVersion).toBe(4)
    expect(a.taken).toEqual([])
  })

  it('that a node has no use for is asked for once', () => {
    const world = new World(2)
    const [a, b] = [1, 2].map((region) => world.add(region)) as [WorldNode, WorldNode]
    b.refusesConfig = true
    world.advance(500)
    tell(a, 2)
    world.advance(5000)
    expect([versionOf(b), b.taken.length]).toEqual([1, 1])
    tell(a, 3)
    world.advance(5000)
    expect(b.taken.length).toBe(2)
  })
})
