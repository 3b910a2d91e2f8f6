import {CliError} from '../../kernel/errors.js'
import type {Engine, Execution, Layout, LogOptions, NodeRef, NodeSpec, Probe} from '../engine.js'
import type {LinkControl} from '../links.js'
import {type ContainerDocument, containerIds, findContainers, labelOf, startTokenOf, toNodeRef} from './containers.js'
import {DockerCli, DockerError, isAbsence, toCliError} from './docker-cli.js'
import {DockerLinks} from './docker-links.js'
import {requireBuildable} from './image/build.js'
import {chooseImage, fetchImage, ownImage, requireOwnNode, traitsOf} from './image/choose.js'
import {containerName, LABEL, labelFilters, networkNames, stateLabel, volumeName} from './names.js'
import {findNetworks, makeNetworks, type PeerNetwork, removeNetworks} from './networks.js'
import {readDockerLog} from './read-log.js'
import {type NodeSetup, startContainer} from './start-container.js'
import {assignAddresses, contains, parseAddress, renderSubnet, subnetOf} from './subnets.js'

export interface DockerEngineOptions {
  /** The state folder: environments of another are not seen. */
  readonly folder: string
  readonly cli?: DockerCli
  /** Bound on start to PONG. Default 30 s. */
  readonly startTimeoutMs?: number
}

const TAIL_LINES = 20
const DISCARD_ROUNDS_MAX = 4
/** Beside the time that a node is given to end. */
const STOP_MS_MAX = 30_000

/**
 * Nodes as containers, each on two networks of its environment (`networks.ts`), with its data in a volume of its own. What
 * exists is what Docker's labels say. A stopped node is a container that does not run: it keeps its configuration,
 * its data and its log.
 */
export class DockerEngine implements Engine {
  readonly kind = 'docker'
  readonly links: LinkControl
  private readonly cli: DockerCli
  private readonly state: string
  private readonly startTimeoutMs: number
  /** By environment: looked up once for all its nodes. */
  private readonly setups = new Map<string, Promise<NodeSetup>>()

  constructor({cli = new DockerCli(), folder, startTimeoutMs = 30_000}: DockerEngineOptions) {
    this.cli = cli
    this.state = stateLabel(folder)
    this.startTimeoutMs = startTimeoutMs
    this.links = new DockerLinks(cli, this.state)
  }

  async probe(program?: string): Promise<Probe> {
    const probe = await this.cli.probe()
    if (!probe.available || program !== undefined) return probe
    try {
      await requireBuildable(this.cli)
      return probe
    } catch (error) {
      if (!(error instanceof CliError)) throw error
      const images = await this.cli.lines<{readonly Repository: string}>(['images'])
      if (images.some(({Repository}) => /(?:^|\/)(?:redis|valkey)$/.test(Repository))) return probe
      const reason = `no image of redis or valkey is here, and ${error.message}`
      return {available: false, reason, remedy: 'docker pull redis:7'}
    }
  }

  async prepare(
    layout: Layout,
    signal: AbortSignal,
    onProgress: (text: string) => void = () => undefined,
  ): Promise<ReadonlyMap<string, string>> {
    return orCliError(async () => {
      const {environment, nodes, ownNode, subnet} = layout
      const names = networkNames(environment)
      const program = layout.program ?? nodes.find((node) => node.program !== undefined)?.program
      if (program !== undefined) await fetchImage(this.cli, program, signal, onProgress)
      if (program !== undefined && ownNode) await requireOwnNode(this.cli, program)
      const [found, standing] = await Promise.all([
        findNetworks(this.cli, names, this.state),
        findContainers(this.cli, {all: true, environment, role: 'node', state: this.state}),
      ])
      const known = knownHosts(layout, standing)
      const chosen = program ?? found.peer?.image ?? standing[0]?.Config.Image
      const image = chosen ?? (await (ownNode ? ownImage : chooseImage)(this.cli, signal, onProgress))
      // Networks that went are made again as they were: the nodes remember each other's addresses.
      const [former] = known.values()
      const wanted = subnet ?? (former === undefined ? undefined : renderSubnet(subnetOf(former)))
      const plan = {image, labels: this.labels(environment), names, ...(wanted !== undefined && {subnet: wanted})}
      await makeNetworks(this.cli, found, plan, signal)
      const peer = found.peer ?? (await findNetworks(this.cli, names, this.state)).peer
      if (!peer) throw new CliError('ENVIRONMENT_LACKS', `Docker has lost network ${names.peer}`)
      this.setups.set(environment, this.setUp(image))
      return hostsIn(peer, layout, known)
    })
  }

  async start(spec: NodeSpec, signal: AbortSignal): Promise<NodeRef> {
    return orCliError(async () => {
      if (signal.aborted) throw new CliError('INTERRUPTED', 'interrupted')
      const {environment} = spec
      const setup = await (this.setups.get(environment) ?? this.findSetup(environment, spec.program))
      const container = await startContainer(this.cli, spec, setup, this.startTimeoutMs, signal)
      return toNodeRef(container)
    })
  }

  async list(environment?: string): Promise<NodeRef[]> {
    return orCliError(async () => {
      const choice = {role: 'node', state: this.state, ...(environment !== undefined && {environment})} as const
      const found = await this.cli.whereThere([], () => findContainers(this.cli, choice))
      const nodes = await Promise.all(found.filter(({State}) => State.Running).map(toNodeRef))
      const key = ({environment: name, name: node}: NodeRef) => `${name}\0${node}`
      return nodes.sort((a, b) => (key(a) < key(b) ? -1 : 1))
    })
  }

  async has(environment: string): Promise<boolean> {
    return orCliError(async () => {
      const {containers, networks, volumes} = await this.findAll(environment)
      return containers.length + networks.length + volumes.length > 0
    })
  }

  async stop(node: NodeRef, graceMs: number): Promise<void> {
    await orCliError(async () => {
      const container = await this.current(node)
      if (!container) return
      const seconds = Math.ceil(graceMs / 1000)
      const command = seconds === 0 ? ['kill'] : ['stop', '--time', String(seconds)]
      try {
        await this.cli.run([...command, container.Id], {timeoutMs: graceMs + STOP_MS_MAX})
      } catch (error) {
        // It may have ended meanwhile.
        if (await this.current(node)) throw error
      }
    })
  }

  async signal(node: NodeRef, name: NodeJS.Signals): Promise<boolean> {
    return this.whileItRuns(node, (id) => this.cli.run(['kill', '--signal', name, id]))
  }

  async pause(node: NodeRef): Promise<boolean> {
    return this.whileItRuns(node, (id, {Paused}) => Paused || this.cli.run(['pause', id]))
  }

  async unpause(node: NodeRef): Promise<boolean> {
    return this.whileItRuns(node, (id, {Paused}) => Paused && this.cli.run(['unpause', id]))
  }

  async logTail(environment: string, name: string): Promise<string[]> {
    const lines: string[] = []
    const never = new AbortController().signal
    for await (const line of this.logs(environment, name, {follow: false, lines: TAIL_LINES}, never)) lines.push(line)
    return lines.filter((line) => line.trim() !== '')
  }

  logs(environment: string, name: string, options: LogOptions, signal: AbortSignal): AsyncIterable<string> {
    return readDockerLog(this.cli, containerName(environment, name), options, signal)
  }

  execution(
    {address, environment, name}: NodeRef,
    command: readonly [string, ...string[]],
    {tty}: {readonly tty: boolean},
  ): Execution {
    const env = {
      SHOAL_ENVIRONMENT: environment,
      SHOAL_NODE: name,
      ...(address && {SHOAL_HOST: '127.0.0.1', SHOAL_PORT: String(address.port)}),
    }
    const variables = Object.entries(env).flatMap(([key, value]) => ['--env', `${key}=${value}`])
    const input = tty ? ['--interactive', '--tty'] : ['--interactive']
    return {
      args: ['exec', ...input, ...variables, containerName(environment, name), ...command],
      file: this.cli.file,
    }
  }

  async discardNode(environment: string, name: string): Promise<void> {
    await orCliError(async () => {
      await this.gone(['rm', '--force', '--volumes', containerName(environment, name)])
      await this.gone(['volume', 'rm', '--force', volumeName(environment, name)])
    })
  }

  async discard(environment: string): Promise<void> {
    this.setups.delete(environment)
    await orCliError(async () => {
      // A command that was killed may have told Docker to make something that appears only now.
      for (let round = 0; round < DISCARD_ROUNDS_MAX; round++) {
        const {containers, networks, volumes} = await this.findAll(environment)
        if (containers.length + networks.length + volumes.length === 0) return
        if (containers.length > 0) await this.gone(['rm', '--force', '--volumes', ...containers])
        await Promise.all([
          removeNetworks(this.cli, networks),
          volumes.length > 0 && this.gone(['volume', 'rm', '--force', ...volumes]),
        ])
      }
    })
  }

  private labels(environment: string): Record<string, string> {
    return {
      [LABEL.environment]: environment,
      [LABEL.state]: this.state,
      'com.docker.compose.project': `shoal-${environment}`,
    }
  }

  private async setUp(image: string): Promise<NodeSetup> {
    const traits = await traitsOf(this.cli, image)
    if (!traits)
      throw new CliError('ENVIRONMENT_LACKS', `image ${image} is gone`, {suggestions: [`docker pull ${image}`]})
    return {...traits, image, state: this.state}
  }

  /** For a node that is started without `prepare` before it. */
  private async findSetup(environment: string, program: string | undefined): Promise<NodeSetup> {
    if (program !== undefined) return this.setUp(program)
    const {peer} = await findNetworks(this.cli, networkNames(environment), this.state)
    if (!peer) throw new CliError('NODE_START_FAILED', `environment ${environment} has no networks`)
    return this.setUp(peer.image)
  }

  private async findAll(environment: string): Promise<Record<'containers' | 'networks' | 'volumes', string[]>> {
    const filters = labelFilters({[LABEL.environment]: environment, [LABEL.state]: this.state})
    return this.cli.whereThere({containers: [], networks: [], volumes: []}, async () => {
      const [containers, networks, volumes] = await Promise.all([
        containerIds(this.cli, {all: true, environment, role: undefined, state: this.state}),
        this.cli.ids(['network', 'ls', ...filters]),
        this.cli.ids(['volume', 'ls', ...filters]),
      ])
      return {containers, networks, volumes}
    })
  }

  /** Deletes; what is gone already is fine. */
  private async gone(args: readonly string[]): Promise<void> {
    await this.cli.run(args).catch((error) => {
      if (!isAbsence(error) && !/already in progress/.test(String(error.stderr))) throw error
    })
  }

  /** The container the ref was made from, if it still runs and was not started again. */
  private async current(node: NodeRef): Promise<ContainerDocument | undefined> {
    const [id = ''] = node.startToken.split('@')
    const [container] = /^[0-9a-f]{64}$/.test(id) ? await this.cli.inspect<ContainerDocument>('container', [id]) : []
    return container?.State.Running && startTokenOf(container) === node.startToken ? container : undefined
  }

  /** @returns false if the node is gone, or ends meanwhile */
  private async whileItRuns(
    node: NodeRef,
    work: (id: string, state: ContainerDocument['State']) => unknown,
  ): Promise<boolean> {
    return orCliError(async () => {
      const container = await this.current(node)
      if (!container) return false
      try {
        await work(container.Id, container.State)
        return true
      } catch (error) {
        if (await this.current(node)) throw error
        return false
      }
    })
  }
}

async function orCliError<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw error instanceof DockerError ? toCliError(error) : error
  }
}

/** Addresses that nodes of the environment have: as their containers say, else as they were told before. */
function knownHosts({nodes}: Layout, standing: readonly ContainerDocument[]): Map<string, string> {
  const told = nodes.flatMap(({name, peerHost}) => (peerHost === undefined ? [] : [[name, peerHost] as const]))
  const own = standing.map((each) => [labelOf(each, LABEL.node) ?? '', labelOf(each, LABEL.peerHost) ?? ''] as const)
  return new Map([...told, ...own])
}

function hostsIn({subnet}: PeerNetwork, {environment, nodes}: Layout, known: ReadonlyMap<string, string>) {
  const usable = [...known].filter(([, host]) => contains(subnet, parseAddress(host) ?? -1))
  const names = nodes.map(({name}) => name)
  const hosts = assignAddresses(subnet, names, new Map(usable))
  if (hosts) return hosts
  throw new CliError('ENVIRONMENT_LACKS', `${renderSubnet(subnet)} has too few addresses for ${names.length} nodes`, {
    suggestions: [`shoal down --name ${environment}`, 'shoal up --engine docker --subnet A.B.C.D/24'],
  })
}
