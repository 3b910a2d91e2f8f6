import {isIP} from 'node:net'
import type {ConnectOptions} from '../client/connect-options.js'
import {CliError} from '../kernel/errors.js'
import type {Address} from '../model/address.js'
import {renderAddress} from '../model/address.js'
import {type CreatePlan, planCreate} from '../plan/create.js'
import {type NodeProblem, type Standing, standingOf} from '../plan/create-standing.js'
import {type ProbedNode, probeNodes, refusalText} from './preflight.js'

export interface PrepareCreateRequest {
  readonly addresses: readonly Address[]
  readonly replicasPerPrimary: number
  readonly allowFewPrimaries: boolean
  /** Zone by `HOST:PORT`, or by `HOST` for all its nodes. Empty: what the nodes say of themselves, if they all do. */
  readonly zones: ReadonlyMap<string, string>
  readonly skipBusCheck: boolean
  /** As `CreateRequest.shards`. */
  readonly shards?: readonly (readonly string[])[]
}

/** All that is needed to go ahead; nothing has been changed yet. `close()` is the owner's duty. */
export interface PreparedCreate {
  readonly plan: CreatePlan
  readonly standing: Exclude<Standing['kind'], 'refused'>
  /** By the plan's names. */
  readonly nodes: ReadonlyMap<string, ProbedNode>
  /** What the operator should know before saying yes. */
  readonly warnings: readonly string[]
  close(): void
}

/**
 * Looks at all nodes and decides what the cluster shall be.
 *
 * @throws {CliError} BAD_FLAG, NOT_ENOUGH_NODES; NODE_NOT_EMPTY, NOT_CLUSTER_MODE, UNREACHABLE, AUTH_FAILED or
 *   PREFLIGHT_FAILED, naming every offender
 */
export async function prepareCreate(
  request: PrepareCreateRequest,
  connect: ConnectOptions,
  signal?: AbortSignal,
): Promise<PreparedCreate> {
  const {addresses, replicasPerPrimary, allowFewPrimaries, zones} = request
  const decided = request.shards && {shards: request.shards}
  requireZonesUsed(addresses, zones)
  // What can be refused without asking anybody is refused first.
  planCreate({
    nodes: addresses.map((address) => ({address, host: address.host})),
    replicasPerPrimary,
    allowFewPrimaries,
    ...decided,
  })
  const probed = await probeNodes(addresses, {connect, probeBus: !request.skipBusCheck, signal})
  const close = () => {
    for (const {connection} of probed) connection.close()
  }
  try {
    requireReachableMix(probed)
    const ownZones = probed.every(({view}) => view.info.get('availability_zone'))
    const plan = planCreate({
      nodes: probed.map(({address, host, view}) => {
        const own = ownZones && zones.size === 0 ? view.info.get('availability_zone') : undefined
        const zone = zones.get(renderAddress(address)) ?? zones.get(address.host) ?? own
        return {address, host, ...(zone !== undefined && {zone})}
      }),
      replicasPerPrimary,
      allowFewPrimaries,
      ...decided,
    })
    const nodes = new Map(probed.map((node) => [renderAddress(node.address), node]))
    const standing = standingOf(
      plan,
      [...nodes].map(([name, {view}]) => ({name, view})),
    )
    if (standing.kind === 'refused') throw refusal(standing.problems)
    return {plan, standing: standing.kind, nodes, warnings: warningsFor(plan, probed), close}
  } catch (error) {
    close()
    throw error
  }
}

function requireZonesUsed(addresses: readonly Address[], zones: ReadonlyMap<string, string>): void {
  const names = new Set(addresses.flatMap((address) => [address.host, renderAddress(address)]))
  const unused = [...zones].filter(([name]) => !names.has(name))
  if (unused.length === 0) return
  const text = unused.map(([name, zone]) => `--zone ${name}=${zone}`).join(', ')
  throw new CliError('BAD_FLAG', `${text} names none of the nodes given`)
}

/** A node met at a loopback address can be reached from its own machine alone. */
function requireReachableMix(probed: readonly ProbedNode[]): void {
  const local = probed.filter(({host}) => isLoopback(host))
  if (local.length === 0 || local.length === probed.length) return
  const names = local.map(({address}) => renderAddress(address)).join(', ')
  throw new CliError(
    'PREFLIGHT_FAILED',
    `${names} cannot be reached by the nodes on other hosts; nothing was changed`,
    {
      suggestions: ['Give these nodes by the address the other hosts know them by.'],
    },
  )
}

function isLoopback(host: string): boolean {
  return host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

function refusal(problems: readonly NodeProblem[]): CliError {
  const names = [...new Set(problems.map(({address}) => address))]
  return new CliError('NODE_NOT_EMPTY', refusalText(problems.map(({message}) => message)), {
    details: {nodes: problems},
    suggestions: [
      `If nothing on them is needed, empty ${names.join(', ')} with FLUSHALL and CLUSTER RESET HARD, then try again.`,
    ],
  })
}

function warningsFor({violations}: CreatePlan, probed: readonly ProbedNode[]): string[] {
  const warnings: string[] = []
  const hosts = new Set(probed.map(({host}) => host))
  if (hosts.size === 1 && probed.length > 1) {
    warnings.push(`All nodes are on one host, ${[...hosts][0]}; the cluster does not survive its loss.`)
  }
  for (const {kind, nodes, where, withPrimary} of violations) {
    if (kind === 'same-host' && hosts.size === 1) continue
    const what = kind === 'same-host' ? `host ${where}` : `zone ${where}`
    const who = withPrimary ? 'a primary and its replicas' : 'replicas of one primary'
    warnings.push(`On one ${what}: ${nodes.join(', ')} (${who}).`)
  }
  const versions = new Set(probed.map(({view}) => view.info.get('valkey_version') ?? view.info.get('redis_version')))
  if (versions.size > 1) warnings.push(`The nodes run different versions: ${[...versions].sort().join(', ')}.`)
  return warnings
}
