import {renderAddress} from '../../model/address.js'
import {nameNode, primariesOf} from '../../model/cluster-map.js'
import type {ClusterView, NodeView} from '../../model/cluster-view.js'
import {type Finding, type FindingId, finding, list, plural} from '../finding.js'
import {type NodeTraits, SETTINGS, type TraitsByNode, versionOf} from './traits.js'

/**
 * In what nodes differ that should be alike: versions, settings, users, functions. What most nodes have is taken for what
 * is meant, and the others are named.
 */
export function checkDrift(view: ClusterView, traits: TraitsByNode): Finding[] {
  return [
    ...checkVersions(view),
    ...checkSettings(view, traits),
    ...checkUsers(view, traits),
    ...checkFunctions(view, traits),
  ]
}

interface Group {
  readonly value: string
  readonly nodes: readonly NodeView[]
}

/** Nodes by value; the largest group first, among equals the one whose first node comes first. */
function groupsOf(nodes: readonly NodeView[], asked: (node: NodeView) => string | undefined): Group[] {
  const groups = new Map<string, NodeView[]>()
  for (const node of nodes) {
    const value = asked(node)
    if (value !== undefined) groups.set(value, [...(groups.get(value) ?? []), node])
  }
  return [...groups]
    .map(([value, members]) => ({value, nodes: members}))
    .sort((a, b) => b.nodes.length - a.nodes.length)
}

function namesOf(nodes: readonly NodeView[]): string {
  return list(nodes.map(nameNode))
}

function checkVersions(view: ClusterView): Finding[] {
  const [usual, ...others] = groupsOf(view.nodes, versionOf)
  if (!usual || others.length === 0) return []
  const odd = others.map(({nodes, value}) => `${value} on ${namesOf(nodes)}`)
  const text = `Nodes run different versions: ${usual.value} on ${plural(usual.nodes.length, 'node')}, ${list(odd)}.`
  return [
    finding(
      'version-skew',
      'notice',
      others.flatMap(({nodes}) => nodes),
      text,
    ),
  ]
}

function checkSettings(view: ClusterView, traits: TraitsByNode): Finding[] {
  return Object.entries(SETTINGS).flatMap(([name, severity]) => {
    if (severity === undefined) return []
    const [usual, ...others] = groupsOf(view.nodes, ({id}) => traits.get(id)?.settings?.get(name))
    if (!usual || others.length === 0) return []
    const odd = others.map(({nodes, value}) => `${shown(value)} on ${namesOf(nodes)}`)
    const text = `${name} is ${shown(usual.value)} on ${plural(usual.nodes.length, 'node')}, but ${list(odd)}.`
    const seed = renderAddress(view.seed)
    // Where as many have another value, nobody can tell which is meant.
    const isEven = usual.nodes.length === others[0]?.nodes.length
    const suggestion =
      name === 'cluster-node-timeout'
        ? `shoal set-timeout ${seed} ${isEven ? 'MS' : usual.value}`
        : `shoal call ${seed} CONFIG SET ${name} ${isEven ? 'VALUE' : shown(usual.value)}`
    const nodes = others.flatMap((group) => group.nodes)
    return [finding('config-drift', severity, nodes, text, {suggestion})]
  })
}

/** As it is typed. */
function shown(value: string): string {
  return /^[\w.-]+$/.test(value) ? value : `"${value}"`
}

/** Versions write rules in different ways, so only nodes of the most common one are compared. */
function checkUsers(view: ClusterView, traits: TraitsByNode): Finding[] {
  const [usual] = groupsOf(view.nodes, versionOf)
  return checkNamed(usual?.nodes ?? [], traits, 'users', {
    id: 'acl-drift',
    what: 'ACL user',
    other: 'has other rules',
    suggestion: (nodes) =>
      `Clients are refused there. Give ${nodes} the same users: ACL SETUSER, or ACL LOAD of one file.`,
  })
}

/** Replicas get them from their primary. */
function checkFunctions(view: ClusterView, traits: TraitsByNode): Finding[] {
  const primaries = primariesOf(view).map(({node}) => node)
  return checkNamed(primaries, traits, 'functions', {
    id: 'functions-drift',
    what: 'function library',
    other: 'has other code',
    suggestion: (nodes) => `FCALL fails or differs there. FUNCTION LOAD REPLACE the library on ${nodes}.`,
  })
}

interface NamedDrift {
  readonly id: FindingId
  readonly what: string
  readonly other: string
  readonly suggestion: (nodes: string) => string
}

/** Compares named things by their fingerprints; a thing that a node lacks has the empty one. */
function checkNamed(
  nodes: readonly NodeView[],
  traits: TraitsByNode,
  kind: Exclude<keyof NodeTraits, 'settings'>,
  {id, other, suggestion, what}: NamedDrift,
): Finding[] {
  const told = nodes.filter((node) => traits.get(node.id)?.[kind] !== undefined)
  const names = new Set(told.flatMap((node) => [...(traits.get(node.id)?.[kind]?.keys() ?? [])]))
  return [...names].sort().flatMap((name) => {
    const [usual, ...others] = groupsOf(told, (node) => traits.get(node.id)?.[kind]?.get(name) ?? '')
    if (!usual || others.length === 0) return []
    const odd = others.flatMap((group) => group.nodes)
    const texts =
      usual.value === ''
        ? [`exists on ${namesOf(odd)} alone`]
        : others.map((group) => `${group.value === '' ? 'is missing' : other} on ${namesOf(group.nodes)}`)
    return [finding(id, 'warning', odd, `${what} ${name} ${list(texts)}.`, {suggestion: suggestion(namesOf(odd))})]
  })
}
