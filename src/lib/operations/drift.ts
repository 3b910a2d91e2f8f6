import {primariesOf} from '../model/cluster-map.js'
import {type NodeTraits, SETTINGS, versionOf} from '../plan/health/traits.js'
import type {ObservedCluster} from './observe.js'
import type {ProbedNode} from './preflight.js'
import {askTraits} from './traits.js'

/**
 * How a newcomer differs from a primary of the cluster it is to join: version, settings, users. Passwords stay where they
 * are: users are compared, not told.
 *
 * @returns one sentence per difference; what a node does not tell is not compared
 */
export async function driftOf(cluster: ObservedCluster, {connection, view}: ProbedNode): Promise<string[]> {
  const model = primariesOf(cluster.view)[0]
  if (!model || model.node.id === view.id) return []
  const link = cluster.connectionTo(model.node.id)
  const [ours, theirs] = await Promise.all([askTraits(connection, view), askTraits(link, model.node)])
  const settings = Object.entries(SETTINGS).flatMap(([name, severity]) => {
    const [mine, other] = [ours.settings?.get(name), theirs.settings?.get(name)]
    if (severity === undefined || mine === undefined || other === undefined || mine === other) return []
    return [`${name} is ${quote(mine)} on ${connection.name}, ${quote(other)} on ${link.name}`]
  })
  const [mine, other] = [versionOf(view), versionOf(model.node)]
  return [
    ...(mine === other ? [] : [`${connection.name} runs version ${mine}, ${link.name} ${other}`]),
    ...settings,
    ...userDrift(connection.name, ours.users, theirs.users),
  ]
}

function userDrift(name: string, ours: NodeTraits['users'], theirs: NodeTraits['users']): string[] {
  if (!ours || !theirs) return []
  const missing = [...theirs.keys()].filter((user) => !ours.has(user))
  const different = [...theirs]
    .filter(([user, rules]) => ours.has(user) && ours.get(user) !== rules)
    .map(([user]) => user)
  return [
    ...(missing.length > 0 ? [`${name} lacks the ACL users ${missing.join(', ')}`] : []),
    ...(different.length > 0 ? [`${name} has other rules for the ACL users ${different.join(', ')}`] : []),
  ]
}

function quote(value: string): string {
  return value === '' ? '""' : value
}
