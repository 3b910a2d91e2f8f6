import {describe, expect, it} from 'vitest'
import {formedCluster, TestNet} from './support.js'

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
      for (let slot = 0; slot < 16384; slot++) {
        expect(node.core.ownerOf(slot)?.id).toBe(net.nodes[0]?.core.ownerOf(slot)?.id)
      }
    }
  })

  it('serves exactly its own slots', () => {
    const net = formedCluster(2)
    const [a, b] = net.nodes
    for (let slot = 0; slot < 16384; slot++) {
      expect([a?.core.serves[slot], b?.core.serves[slot]]).toEqual(slot < 8192 ? [1, 0] : [0, 1])
    }
  })
})
