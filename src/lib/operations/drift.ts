import type {NodeConnection} from '../client/node-connection.js'
import {primariesOf} from '../model/cluster-map.js'
import type {ObservedCluster} from './observe.js'
import type {ProbedNode} from './preflight.js'

/** Settings that must be alike for nodes to stand in for each other. */
const SETTINGS = [
  'appendonly',
  'cluster-allow-reads-when-down',
  'cluster-node-timeout',
  'cluster-require-full-coverage',
  'maxmemory',
  'maxmemory-policy',
  'notify-keyspace-events',
] as const

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
  const [[ours, ourUsers], [theirs, theirUsers]] = await Promise.all([traitsOf(connection), traitsOf(link)])
  const settings = SETTINGS.flatMap((name) => {
    const [mine, other] = [ours.get(name), theirs.get(name)]
    if (mine === undefined || other === undefined || mine === other) return []
    return [`${name} is ${quote(mine)} on ${connection.name}, ${quote(other)} on ${link.name}`]
  })
  const version = (info: ReadonlyMap<string, string>) => info.get('valkey_version') ?? info.get('redis_version')
  const [mine, other] = [version(view.info), version(model.node.info)]
  return [
    ...(mine === other ? [] : [`${connection.name} runs version ${mine}, ${link.name} ${other}`]),
    ...settings,
    ...userDrift(connection.name, ourUsers, theirUsers),
  ]
}

type Traits = readonly [settings: ReadonlyMap<string, string>, users: ReadonlyMap<string, string> | undefined]

async function traitsOf(connection: NodeConnection): Promise<Traits> {
  const [acl, ...replies] = await connection.pipeline([
    ['ACL', 'LIST'],
    ...SETTINGS.map((name): ['CONFIG', string, string] => ['CONFIG', 'GET', name]),
  ])
  const settings = replies.flatMap((reply) =>
    Array.isArray(reply) && reply.length === 2 ? [[String(reply[0]), String(reply[1])] as const] : [],
  )
  // `user NAME RULES`
  const users = Array.isArray(acl)
    ? new Map(acl.map((line) => [String(line).split(' ')[1] ?? '', String(line)] as const))
    : undefined
  return [new Map(settings), users]
}

function userDrift(
  name: string,
  ours: ReadonlyMap<string, string> | undefined,
  theirs: ReadonlyMap<string, string> | undefined,
): string[] {
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
