import {describe, expect, it} from 'vitest'
import {formedCluster, ownersOf, share, TestNet, type TestNode} from './support.js'

describe('forming a cluster (wire.md 1.7)', () => {
  it('spreads everybody to everybody from one MEET each', () => {
    const net = TestNet.of(5)
    for (const node of net.nodes) {
      expect(node.core.nodes.size).toBe(5)
      for (const known of node.core.nodes.values()) expect(known.inHandshake).toBe(false)
    }
  })

  it('learns its own address from the first MEET or PING', () => {
    const net = TestNet.of(2)
    for (const node of net.nodes) expect(node.core.myself.ip).toBe('127.0.0.1')
  })

  it('is ok once all slots are owned, and all agree', () => {
    const net = formedCluster(3)
    for (const node of net.nodes) {
      expect(node.core.stateOk).toBe(true)
      expect(ownersOf(node)).toEqual(ownersOf(net.nodes[0] as TestNode))
    }
  })

  it('takes new nodes no longer than their packets: all agree within two ticks of the last MEET', () => {
    const net = new TestNet()
    for (let index = 0; index < 6; index++) {
      const node = net.add(7000 + index)
      net.perform(node, node.core.setConfigEpoch(index + 1))
      if (index < 3) net.perform(node, node.core.addSlots(share(index, 3)))
    }
    for (const [index, node] of net.nodes.entries()) {
      for (const other of net.nodes.slice(index + 1)) {
        net.perform(node, node.core.meet('127.0.0.1', other.port, other.core.config.busPort))
      }
    }
    net.run(200)
    for (const [index, node] of net.nodes.slice(3).entries()) {
      net.perform(node, node.core.replicate(net.nodes[index]!.id))
    }
    for (const node of net.nodes) {
      expect(node.core.stateOk).toBe(true)
      expect(ownersOf(node)).toEqual(ownersOf(net.nodes[0]!))
      const replicas = [...node.core.nodes.values()].filter(({isReplica}) => isReplica)
      expect(replicas.map(({id}) => id).sort()).toEqual(
        net.nodes
          .slice(3)
          .map(({id}) => id)
          .sort(),
      )
    }
  })

  it('lets a primary that comes back wait two seconds before it serves: it may have been replaced', () => {
    const [before] = formedCluster(1).nodes
    const net = new TestNet()
    const node = net.add(before!.port, {}, before!.core.renderNodesConf())
    net.run(1900)
    expect(node.core.stateOk).toBe(false)
    net.run(200)
    expect(node.core.stateOk).toBe(true)
  })

  it('serves exactly its own slots', () => {
    const net = formedCluster(2)
    const [a, b] = net.nodes
    const half = (first: number, second: number) => new Uint8Array(16384).fill(first, 0, 8192).fill(second, 8192)
    expect(Buffer.compare(a!.core.serves, half(1, 0))).toBe(0)
    expect(Buffer.compare(b!.core.serves, half(0, 1))).toBe(0)
  })
})
