import {describe, expect, it} from 'vitest'
import {formedCluster, ownersOf, TestNet, type TestNode} from './support.js'

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

  it('serves exactly its own slots', () => {
    const net = formedCluster(2)
    const [a, b] = net.nodes
    const half = (first: number, second: number) => new Uint8Array(16384).fill(first, 0, 8192).fill(second, 8192)
    expect(Buffer.compare(a!.core.serves, half(1, 0))).toBe(0)
    expect(Buffer.compare(b!.core.serves, half(0, 1))).toBe(0)
  })
})
