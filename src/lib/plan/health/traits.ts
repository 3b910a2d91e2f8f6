import {nameNode} from '../../model/cluster-map.js'
import type {ClusterView, NodeView} from '../../model/cluster-view.js'
import type {NodeId} from '../../model/node-id.js'
import {type Finding, finding, list, type Severity} from '../finding.js'

/**
 * Settings that are looked at. With a severity those that must be alike for nodes to stand in for each other; without one
 * those that are judged for each node alone.
 */
export const SETTINGS: Readonly<Record<string, Severity | undefined>> = {
  // Often on at replicas alone, so a difference is worth knowing and no more.
  appendonly: 'notice',
  'cluster-allow-reads-when-down': 'warning',
  'cluster-allow-replica-migration': 'warning',
  'cluster-node-timeout': 'warning',
  'cluster-replica-no-failover': undefined,
  'cluster-replica-validity-factor': 'warning',
  'cluster-require-full-coverage': 'warning',
  maxmemory: 'warning',
  'maxmemory-policy': 'warning',
  'notify-keyspace-events': 'warning',
  'proto-max-bulk-len': 'warning',
  save: undefined,
  'stop-writes-on-bgsave-error': undefined,
}

/** What a node tells beside its view. Undefined is what it does not tell, which is then not judged. */
export interface NodeTraits {
  /** Of SETTINGS; a name that the node does not know is left out. */
  readonly settings: ReadonlyMap<string, string> | undefined
  /** ACL user -> fingerprint of its rules, never the rules: they hold hashes of passwords. */
  readonly users: ReadonlyMap<string, string> | undefined
  /** Library of functions -> fingerprint of its code. */
  readonly functions: ReadonlyMap<string, string> | undefined
}

export type TraitsByNode = ReadonlyMap<NodeId, NodeTraits>

/** The version that a node calls itself by. */
export function versionOf({info}: Pick<NodeView, 'info'>): string | undefined {
  return info.get('valkey_version') ?? info.get('redis_version')
}

/** One notice for all that nodes do not tell. */
export function checkToldAll(view: ClusterView, traits: TraitsByNode): Finding[] {
  const parts: [name: keyof NodeTraits, what: string, rule: string][] = [
    ['settings', 'settings', '+config|get'],
    ['users', 'ACL users', '+acl|list'],
    ['functions', 'functions', '+function|list'],
  ]
  const silent = parts.flatMap(([name, what, rule]) => {
    const nodes = view.nodes.filter(({id}) => {
      const told = traits.get(id)
      return told !== undefined && told[name] === undefined
    })
    return nodes.length === 0 ? [] : [{nodes, rule, what}]
  })
  if (silent.length === 0) return []
  const texts = silent.map(({nodes, what}) => {
    const who = nodes.length === view.nodes.length ? 'every node' : list(nodes.map(nameNode))
    return `${what} of ${who}`
  })
  const nodes = view.nodes.filter((node) => silent.some((each) => each.nodes.includes(node)))
  return [
    finding('not-judged', 'notice', nodes, `Not judged, because not told: ${texts.join('; ')}.`, {
      suggestion: `If the commands are not renamed, the user of the check needs ${silent.map(({rule}) => rule).join(' ')}.`,
    }),
  ]
}
