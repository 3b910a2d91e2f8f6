import {readFile} from 'node:fs/promises'
import {networkInterfaces} from 'node:os'
import {CliError} from '../../kernel/errors.js'
import {type DockerCli, DockerError, isAbsence} from './docker-cli.js'
import {LABEL, labelArguments, type NetworkNames} from './names.js'
import {freeSubnets, parseRoutes, parseSubnet, renderSubnet, type Subnet} from './subnets.js'

interface NetworkDocument {
  readonly Id: string
  readonly Name: string
  readonly Labels: Readonly<Record<string, string>> | null
  readonly IPAM: {readonly Config: readonly {readonly Subnet?: string}[] | null}
  readonly Containers: Readonly<Record<string, {readonly Name: string}>> | null
}

/** Another `up` may take the same subnet at the same time: then the next one. */
const ATTEMPTS_MAX = 20

/**
 * The two networks of an environment: `client` carries the published ports; nodes know each other on `peer`, which leads
 * nowhere else and gives each its address.
 */
export interface EnvironmentNetworks {
  readonly peer?: PeerNetwork
  readonly hasClient: boolean
}

export interface PeerNetwork {
  readonly id: string
  readonly subnet: Subnet
  /** What the environment's nodes run. */
  readonly image: string
}

/** @throws {CliError} ENVIRONMENT_EXISTS if there are networks of these names that are not the environment's */
export async function findNetworks(
  cli: DockerCli,
  {client, peer}: NetworkNames,
  state: string,
): Promise<EnvironmentNetworks> {
  const found = await cli.inspect<NetworkDocument>('network', [peer, client])
  for (const {Labels, Name} of found) {
    if (Labels?.[LABEL.state] === state) continue
    throw new CliError('ENVIRONMENT_EXISTS', `Docker has a network ${Name} that is not of this state folder`, {
      suggestions: [`docker network rm ${Name}`, 'shoal up --name OTHER'],
    })
  }
  const own = found.find(({Name}) => Name === peer)
  const subnet = parseSubnet(own?.IPAM.Config?.[0]?.Subnet ?? '')
  return {
    hasClient: found.some(({Name}) => Name === client),
    ...(own && subnet && {peer: {id: own.Id, image: own.Labels?.[LABEL.image] ?? '', subnet}}),
  }
}

/** Of networks to be made. */
export interface NetworkPlan {
  readonly names: NetworkNames
  readonly labels: Readonly<Record<string, string>>
  readonly image: string
  /** Of the peer network; a free one without. */
  readonly subnet?: string
}

/**
 * Makes the networks that are missing.
 *
 * @throws {CliError} ENVIRONMENT_LACKS if the subnet is taken, or none is free
 */
export async function makeNetworks(
  cli: DockerCli,
  {hasClient, peer}: EnvironmentNetworks,
  {image, labels, names, subnet}: NetworkPlan,
  signal: AbortSignal,
): Promise<void> {
  if (peer && hasClient) return
  const own = labelArguments(labels)
  const supply = freeSubnets(await takenSubnets(cli, signal))
  const create = async (supplied: Iterator<Subnet>, args: readonly string[]) => {
    let cause: unknown
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      if (signal.aborted) throw new CliError('INTERRUPTED', 'interrupted')
      const next = supplied.next()
      if (next.done) break
      try {
        await cli.run(['network', 'create', '--subnet', renderSubnet(next.value), ...args])
        return
      } catch (error) {
        if (!(error instanceof DockerError) || !/overlap/i.test(error.stderr)) throw error
        cause = error
      }
    }
    throw noSubnet(subnet, cause)
  }
  const wanted = subnet === undefined ? supply : [requireSubnet(subnet)].values()
  // One after the other from the same supply: the two must not want one subnet.
  if (!peer) await create(wanted, ['--internal', ...own, '--label', `${LABEL.image}=${image}`, names.peer])
  if (!hasClient) await create(supply, [...own, names.client])
}

function noSubnet(wanted: string | undefined, cause: unknown): CliError {
  const message = wanted ? `subnet ${wanted} is taken` : 'no subnet is free for the network between the nodes'
  return new CliError('ENVIRONMENT_LACKS', message, {
    cause,
    suggestions: ['shoal up --engine docker --subnet A.B.C.D/25', 'docker network prune'],
  })
}

function requireSubnet(text: string): Subnet {
  const subnet = parseSubnet(text)
  if (subnet && subnet.bits <= 29 && subnet.bits >= 8) return subnet
  throw new CliError('BAD_FLAG', `${text} is not a subnet as A.B.C.D/BITS, of 8 to 29 bits`)
}

/** Those that Docker's networks and this machine's routes have. */
async function takenSubnets(cli: DockerCli, signal: AbortSignal): Promise<Subnet[]> {
  const ids = await cli.ids(['network', 'ls'], {signal})
  const [networks, routes] = await Promise.all([
    cli.inspect<NetworkDocument>('network', ids, {signal}),
    readFile('/proc/net/route', 'utf8').catch(() => ''),
  ])
  const ofDocker = networks.flatMap(({IPAM}) => (IPAM.Config ?? []).map(({Subnet: text}) => text ?? ''))
  const ofInterfaces = Object.values(networkInterfaces()).flatMap((each) => (each ?? []).map(({cidr}) => cidr ?? ''))
  const parsed = [...ofDocker, ...ofInterfaces].map(parseSubnet).filter((subnet) => subnet !== undefined)
  return [...parsed, ...parseRoutes(routes)]
}

/** Deletes networks, also if somebody else's containers hang on them. Those that are gone are fine. */
export async function removeNetworks(cli: DockerCli, ids: readonly string[]): Promise<void> {
  await Promise.all(
    ids.map(async (id) => {
      try {
        await cli.run(['network', 'rm', id])
      } catch (error) {
        if (isAbsence(error)) return
        if (!(error instanceof DockerError) || !/active endpoints/i.test(error.stderr)) throw error
        const [network] = await cli.inspect<NetworkDocument>('network', [id])
        for (const name of Object.keys(network?.Containers ?? {})) {
          await cli.run(['network', 'disconnect', '--force', id, name]).catch(() => undefined)
        }
        await cli.run(['network', 'rm', id])
      }
    }),
  )
}
