import {parseClusterNodes, parseInfo} from '../../../src/lib/client/cluster-nodes.js'
import type {ClusterView, NodeView} from '../../../src/lib/model/cluster-view.js'
import {nodeId} from '../../../src/lib/model/node-id.js'

/** Views for tests, by way of the text that nodes send: one letter per node, as in `a` = 127.0.0.1:7000. */

export interface NodeSpec {
  /** One letter; its id is that letter forty times. */
  readonly name: string
  readonly host?: string
  readonly port?: number
  /** The letter of its primary, for a replica. */
  readonly of?: string
  /** As CLUSTER NODES writes them: `0-5460 [93->-bbb]`; letters stand for ids. */
  readonly slots?: string
  readonly epoch?: number
  /** INFO fields over the defaults. */
  readonly info?: string
  readonly state?: 'ok' | 'fail'
  /** It is known but does not answer. */
  readonly down?: boolean
}

/** What one node sees otherwise than the rest: `flags` replaces the role, `null` hides the node. */
export type Seen = Readonly<
  Record<
    string,
    {readonly slots?: string; readonly flags?: string; readonly link?: string; readonly epoch?: number} | null
  >
>

export function idOf(name: string) {
  return nodeId(name.repeat(40))
}

function expandIds(slots: string): string {
  return slots.replace(/(-[<>]-)([a-z])\]/g, (_, arrow: string, name: string) => `${arrow}${name.repeat(40)}]`)
}

function line(spec: NodeSpec, index: number, observer: string, seen: Seen): string | undefined {
  const change = seen[spec.name]
  if (change === null) return undefined
  const port = spec.port ?? 7000 + index
  const myself = spec.name === observer
  const flags = change?.flags ?? (spec.of ? 'slave' : 'master')
  // Open slots are on the node's own line only.
  const all = change?.slots ?? spec.slots ?? ''
  const slots = myself ? expandIds(all) : all.replace(/\s*\[[^\]]*\]/g, '')
  return [
    spec.name.repeat(40),
    `${spec.host ?? '127.0.0.1'}:${port}@${port + 10000}`,
    myself ? `myself,${flags}` : flags,
    spec.of ? spec.of.repeat(40) : '-',
    0,
    0,
    change?.epoch ?? spec.epoch ?? index + 1,
    change?.link ?? (spec.down && !myself ? 'disconnected' : 'connected'),
    ...(slots === '' ? [] : [slots]),
  ].join(' ')
}

export function buildView(specs: readonly NodeSpec[], sees: Readonly<Record<string, Seen>> = {}): ClusterView {
  const views = specs.map((spec, index): NodeView => {
    const address = {host: spec.host ?? '127.0.0.1', port: spec.port ?? 7000 + index}
    const text = specs.map((other, at) => line(other, at, spec.name, sees[spec.name] ?? {})).filter(Boolean)
    return {
      id: idOf(spec.name),
      address,
      records: parseClusterNodes(text.join('\n'), address),
      clusterInfo: parseInfo(`cluster_state:${spec.state ?? 'ok'}\r\ncluster_current_epoch:${specs.length}\r\n`),
      info: parseInfo(`redis_version:7.0.15\r\nused_memory:1048576\r\n${spec.info ?? ''}`),
    }
  })
  return {
    nodes: views.filter((_, index) => !specs[index]?.down),
    unreachable: views
      .filter((_, index) => specs[index]?.down)
      .map(({id, address}) => ({id, address, reason: 'refuses connections'})),
    seed: (views[0] as NodeView).address,
  }
}

/** Three primaries a, b, c that share the slots, each with a replica d, e, f on the other hosts. */
export const SIX: readonly NodeSpec[] = [
  {name: 'a', host: '10.0.0.1', slots: '0-5460'},
  {name: 'b', host: '10.0.0.2', slots: '5461-10922'},
  {name: 'c', host: '10.0.0.3', slots: '10923-16383'},
  {name: 'd', host: '10.0.0.3', of: 'a', epoch: 1, info: 'master_link_status:up'},
  {name: 'e', host: '10.0.0.1', of: 'b', epoch: 2, info: 'master_link_status:up'},
  {name: 'f', host: '10.0.0.2', of: 'c', epoch: 3, info: 'master_link_status:up'},
]

/** `specs` with changes to some, by name. */
export function change(specs: readonly NodeSpec[], changes: Readonly<Record<string, Partial<NodeSpec>>>): NodeSpec[] {
  return specs.map((spec) => ({...spec, ...changes[spec.name]}))
}
