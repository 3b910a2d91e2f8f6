import {describe, expect, it} from 'vitest'
import {NodesConfError, parseNodesConf, renderFlags} from '../../../../src/lib/server/cluster/nodes-conf.js'
import {formedCluster, ownersOf, TestNode} from './support.js'

const A = 'a'.repeat(40)
const B = 'b'.repeat(40)
const C = 'c'.repeat(40)
const VARS = 'vars currentEpoch 7 lastVoteEpoch 5\n'
const MYSELF = `${A} 127.0.0.1:7000@17000 myself,master - 0 0 3 connected 0-99 200 [5->-${B}] [300-<-${B}]\n`
const OTHER = `${B} 127.0.0.1:7001@17001,host.example,shard-id=${C} master,fail? - 5 6 4 disconnected 300-301\n`
const REPLICA = `${C} 127.0.0.1:7002@17002 slave ${A} 0 0 3 connected\n`

describe('nodes.conf (wire.md 1.14)', () => {
  it('a fresh node writes one line and the vars', () => {
    const node = new TestNode(7000)
    expect(node.core.renderNodesConf()).toBe(
      `${node.id} :7000@17000 myself,master - 0 0 0 connected\nvars currentEpoch 0 lastVoteEpoch 0\n`,
    )
  })

  it('reads what it and 7.2 write', () => {
    const {currentEpoch, lastVoteEpoch, nodes, warnings} = parseNodesConf(MYSELF + OTHER + REPLICA + VARS)
    expect({currentEpoch, lastVoteEpoch, warnings}).toEqual({currentEpoch: 7, lastVoteEpoch: 5, warnings: []})
    expect(nodes[0]).toMatchObject({configEpoch: 3, migrating: new Map([[5, B]]), importing: new Map([[300, B]])})
    expect(nodes[0]?.slots).toHaveLength(101)
    expect(nodes[1]).toMatchObject({
      hostname: 'host.example',
      aux: [`shard-id=${C}`],
      port: 7001,
      busPort: 17001,
      hasPing: true,
      hasPong: true,
    })
    // The epoch on a replica's line is its primary's.
    expect(nodes[2]).toMatchObject({configEpoch: 0, primary: A})
  })

  it('loads into a core that shows the same again', () => {
    const node = new TestNode(7000, {}, MYSELF + OTHER + REPLICA + VARS)
    expect(node.core.currentEpoch).toBe(7)
    expect(node.core.lastVoteEpoch).toBe(5)
    expect(node.core.migratingTo(5)?.id).toBe(B)
    expect(node.core.replicasOf(node.core.myself).map(({id}) => id)).toEqual([C])
    const stable = (text: string) =>
      text.replace(/ \d+ \d+ (\d+ (?:dis)?connected)/g, ' $1').replaceAll('disconnected', 'connected')
    expect(stable(node.core.renderNodesConf())).toBe(stable(MYSELF + OTHER + REPLICA + VARS))
  })

  it('raises the current epoch to the greatest seen', () => {
    expect(parseNodesConf(MYSELF.replace(' 3 connected', ' 33 connected') + VARS).currentEpoch).toBe(33)
  })

  it('a file of a cluster loads as the same cluster', () => {
    const net = formedCluster(3)
    for (const node of net.nodes) {
      const again = new TestNode(node.port, {}, node.core.renderNodesConf())
      expect(again.id).toBe(node.id)
      expect(ownersOf(again)).toEqual(ownersOf(node))
      expect(again.core.currentEpoch).toBe(node.core.currentEpoch)
    }
  })

  it('leaves handshakes out', () => {
    const node = new TestNode(7000)
    node.core.meet('127.0.0.1', 7001, 17001)
    expect(node.core.renderNodesConf().split('\n')).toHaveLength(3)
  })

  it('skips blank lines and unknown vars, the latter with a warning', () => {
    const {currentEpoch, warnings} = parseNodesConf(`\n\n${MYSELF}\nvars future 1 currentEpoch 9\n\n\n`)
    expect(currentEpoch).toBe(9)
    expect(warnings).toHaveLength(1)
  })

  it('takes an address without bus port and without IP, as older files have', () => {
    const {nodes} = parseNodesConf(`${A} :7000 myself,master - 0 0 0 connected\n`)
    expect(nodes[0]).toMatchObject({ip: '', port: 7000, busPort: 17000})
  })

  it('knows a node that only other lines name, without an address', () => {
    const node = new TestNode(7000, {}, MYSELF.replaceAll(B, C) + VARS)
    expect(node.core.nodes.get(C)?.hasAddress).toBe(false)
  })

  it('renders flags in Redis order', () => {
    expect(renderFlags(0)).toBe('noflags')
    expect(renderFlags(1023)).toBe('myself,master,slave,fail?,fail,handshake,noaddr,nofailover')
    expect(renderFlags(17 + 256 + 128)).toBe('myself,master')
  })

  const fatal: [string, string][] = [
    ['no line of its own', OTHER + VARS],
    ['two lines of its own', MYSELF + MYSELF.replaceAll(A, C) + VARS],
    ['a node twice', MYSELF + OTHER + OTHER],
    ['a slot of two nodes', MYSELF + OTHER.replace('300-301', '50')],
    ['too few fields', `${A} 127.0.0.1:7000@17000 myself,master\n`],
    ['a bad id', MYSELF.replace(A, 'xyz')],
    ['a bad master', REPLICA.replace(A, 'xyz') + MYSELF],
    ['a bad flag', MYSELF.replace('myself,master', 'myself,king')],
    ['a bad epoch', MYSELF.replace(' 3 connected', ' -3 connected')],
    ['a bad slot', MYSELF.replace('0-99', '0-99999')],
    ['a bad open slot', MYSELF.replace('[5->-', '[5->>')],
    ['a bad port', MYSELF.replace('7000@', '99999@')],
    ['half a vars line', `${MYSELF}vars currentEpoch\n`],
    ['a vars value that is no number', `${MYSELF}vars currentEpoch x\n`],
    ['nothing', ''],
  ]
  for (const [name, text] of fatal) {
    it(`is fatal: ${name}`, () => {
      expect(() => parseNodesConf(text)).toThrow(NodesConfError)
    })
  }
})
