import {takenPorts} from '../../engine/ports.js'
import {CliError} from '../../kernel/errors.js'
import {BUS_PORT_OFFSET} from '../../model/address.js'
import {claimedPorts} from '../ports.js'
import {HOST, type SpecNode} from '../spec.js'
import type {EnvironmentState, EnvironmentStore} from '../store.js'

/** The highest whose bus port is one. */
const PORT_MAX = 65_535 - BUS_PORT_OFFSET

/**
 * The next node of an environment: a number that none had before, the next port that is free, the region with the fewest nodes.
 *
 * @throws {CliError} PORT_IN_USE if there is none left
 */
export async function newNode(store: EnvironmentStore, {retired = [], spec}: EnvironmentState): Promise<SpecNode> {
  const names = [...spec.nodes.map((node) => node.name), ...retired]
  const numbers = names.map((name) => Number(/^n(\d+)$/.exec(name)?.[1] ?? 0))
  const name = `n${Math.max(spec.nodes.length, ...numbers) + 1}`
  const claimed = await claimedPorts(store)
  const countOf = (region: string) => spec.nodes.filter((node) => node.region === region).length
  const [region] = [...spec.regions].sort((a, b) => countOf(a) - countOf(b))
  for (let port = Math.max(...spec.nodes.map((node) => node.port)) + 1; port <= PORT_MAX; port++) {
    const both = [port, port + BUS_PORT_OFFSET]
    if (both.some((each) => claimed.has(each)) || (await takenPorts(HOST, both)).length > 0) continue
    return {name, port, ...(region !== undefined && {region})}
  }
  throw new CliError('PORT_IN_USE', `no port is free above those of environment ${spec.name}`)
}
