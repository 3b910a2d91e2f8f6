import {lookup} from 'node:dns/promises'
import type {ConnectOptions} from '../client/connect-options.js'
import {mapAddress} from '../client/connect-options.js'
import {connectNode, type NodeConnection} from '../client/node-connection.js'
import {probePort} from '../client/probe-port.js'
import {CliError, type ErrorCode, messageOf} from '../kernel/errors.js'
import type {Address} from '../model/address.js'
import {isSocketPath, renderAddress} from '../model/address.js'
import {ownRecord} from '../model/cluster-map.js'
import type {NodeView} from '../model/cluster-view.js'
import {readView} from './observe.js'

/** One node before it joins: where it is, an open connection, and what it says of itself. */
export interface ProbedNode {
  readonly address: Address
  /** The IP that other nodes will be told to meet it at. */
  readonly host: string
  readonly connection: NodeConnection
  readonly view: NodeView
}

export interface ProbeOptions {
  readonly connect: ConnectOptions
  /** Also try each node's bus port from here. */
  readonly probeBus: boolean
  readonly signal?: AbortSignal | undefined
}

/**
 * Looks at every node, all in parallel.
 *
 * @returns one entry per address, in order; the caller closes the connections
 * @throws {CliError} if any node fails, naming each: the common code if all fail alike, else PREFLIGHT_FAILED. Nothing has
 *   been changed and all connections are closed.
 */
export async function probeNodes(addresses: readonly Address[], options: ProbeOptions): Promise<ProbedNode[]> {
  const outcomes = await Promise.allSettled(addresses.map((address) => probeNode(address, options)))
  const failures = outcomes.flatMap((outcome, index) =>
    outcome.status === 'rejected' ? [{address: renderAddress(addresses[index] as Address), error: outcome.reason}] : [],
  )
  const probed = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
  if (failures.length === 0) return probed
  for (const {connection} of probed) connection.close()
  throw combinedError(failures)
}

async function probeNode(address: Address, options: ProbeOptions): Promise<ProbedNode> {
  if (isSocketPath(address)) {
    throw new CliError(
      'BAD_ADDRESS',
      `${address.host} is a Unix socket: the other nodes need a HOST:PORT to meet it at`,
    )
  }
  const {connect, probeBus, signal} = options
  const reachedAt = mapAddress(address, connect.addressMap)
  const connection = await connectNode(reachedAt, connect, {signal, tlsName: address.host})
  try {
    const view = await readView(connection)
    const reachedIp = reachedAt === address ? connection.remoteIp : undefined
    const host = reachedIp ?? (await resolveHost(address.host))
    const busPort = ownRecord(view)?.busPort ?? 0
    // Behind address translation the bus is reached by other ways than ours.
    if (probeBus && reachedAt === address) {
      const reason = await probePort({host, port: busPort}, connect.timeoutMs)
      if (reason !== undefined) throw busError(address, busPort, reason)
    }
    return {address, host, connection, view}
  } catch (error) {
    connection.close()
    throw error
  }
}

/** CLUSTER MEET takes IPs only. */
async function resolveHost(host: string): Promise<string> {
  try {
    return (await lookup(host)).address
  } catch (error) {
    throw new CliError('UNREACHABLE', `${host} is not a known host name`, {cause: error})
  }
}

function busError(address: Address, busPort: number, reason: string): CliError {
  return new CliError(
    'PREFLIGHT_FAILED',
    `bus port ${busPort} of ${renderAddress(address)} cannot be reached: ${reason}`,
    {
      suggestions: [`Open port ${busPort}, or pass --skip-bus-check if only the nodes need to reach it.`],
    },
  )
}

/** One problem in one sentence, several as a list. */
export function refusalText(problems: readonly string[]): string {
  const [only, ...others] = problems
  if (others.length === 0) return `${only}; nothing was changed`
  return ['these nodes cannot become a cluster; nothing was changed:', ...problems].join('\n  ')
}

function combinedError(failures: readonly {readonly address: string; readonly error: unknown}[]): CliError {
  const expected = failures.map(({error}) => {
    if (error instanceof CliError) return error
    throw error
  })
  const interruption = expected.find(({code}) => code === 'INTERRUPTED')
  if (interruption) return interruption
  const codes = new Set<ErrorCode>(expected.map(({code}) => code))
  const [code] = codes
  return new CliError(
    codes.size === 1 ? (code as ErrorCode) : 'PREFLIGHT_FAILED',
    refusalText(expected.map(messageOf)),
    {
      details: {
        nodes: failures.map(({address}, index) => ({
          address,
          code: expected[index]?.code,
          message: expected[index]?.message,
        })),
      },
      suggestions: [...new Set(expected.flatMap(({suggestions}) => suggestions))],
    },
  )
}
