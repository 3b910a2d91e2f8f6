import {setTimeout as delay} from 'node:timers/promises'
import {CliError} from '../../kernel/errors.js'
import {renderAddress} from '../../model/address.js'
import type {LinkRule} from '../../model/links.js'
import type {NodeSpec} from '../engine.js'
import {reasonIn} from '../log-reason.js'
import {pingOnce} from '../ping.js'
import {takenPorts} from '../ports.js'
import {CONF_PATH, DATA_FOLDER, renderContainerConf} from './container-conf.js'
import {type ContainerDocument, labelOf} from './containers.js'
import {type DockerCli, DockerError, isAbsence, reasonOf} from './docker-cli.js'
import type {ImageTraits} from './image/choose.js'
import {containerName, LABEL, labelArguments, networkNames, volumeName} from './names.js'
import {readDockerLog} from './read-log.js'
import {writeTar} from './tar.js'

/** What the nodes of an environment have in common. */
export interface NodeSetup extends ImageTraits {
  readonly image: string
  /** The label of the state folder. */
  readonly state: string
}

type PlacedSpec = NodeSpec & {readonly peerHost: string}

const POLL_MS = 20
/** Asking Docker costs a process: rarely while the node may still come. */
const LOOK_MS = 400
const PING_MS_MAX = 1000
const LOG_LINES = 20

/**
 * Starts a node's container, made now if there is none; resolves once the node answers PING on its published port.
 *
 * @throws {CliError} as `Engine.start`; then a container made by this call is gone, and another one stopped
 * @throws {DockerError}
 */
export async function startContainer(
  cli: DockerCli,
  spec: NodeSpec,
  setup: NodeSetup,
  withinMs: number,
  signal: AbortSignal,
): Promise<ContainerDocument> {
  if (signal.aborted) throw new CliError('INTERRUPTED', 'interrupted')
  const {address, environment, name, peerHost} = spec
  if (peerHost === undefined) throw new CliError('NODE_START_FAILED', `node ${name} has no address in its network`)
  const placed = {...spec, peerHost}
  const container = containerName(environment, name)
  const [[existing], [taken]] = await Promise.all([
    cli.inspect<ContainerDocument>('container', [container], {signal}),
    takenPorts(address.host, [address.port]),
  ])
  if (existing) requireOwn(existing, setup.state)
  if (taken !== undefined) throw portInUse(spec)
  try {
    // Calls that change something run to their end: one that is cut off may still be carried out, after it was undone.
    if (existing) await attach(cli, placed, existing)
    else await create(cli, placed, setup)
    if (signal.aborted) throw new CliError('INTERRUPTED', 'interrupted')
    await cli.run(['start', container])
    return await waitUntilReady(cli, spec, withinMs, signal)
  } catch (error) {
    await undo(cli, spec, existing !== undefined)
    // The port may have been taken just now.
    const isPort =
      error instanceof DockerError && /address already in use|port is already allocated/i.test(error.stderr)
    if (isPort) throw portInUse(spec)
    if (!(error instanceof DockerError)) throw error
    throw new CliError('NODE_START_FAILED', `node ${name} could not be started: ${reasonOf(error.stderr)}`, {
      cause: error,
      details: {node: name},
    })
  }
}

function requireOwn(existing: ContainerDocument, state: string): void {
  if (labelOf(existing, LABEL.state) === state) return
  const name = existing.Name.slice(1)
  throw new CliError('ENVIRONMENT_EXISTS', `Docker has a container ${name} that is not of this state folder`, {
    suggestions: [`docker rm --force ${name}`, 'shoal up --name OTHER'],
  })
}

function portInUse({address: {port}, name}: NodeSpec): CliError {
  return new CliError('PORT_IN_USE', `port ${port} of node ${name} is taken by another process`, {
    details: {node: name, port},
    suggestions: ['Choose other ports with --base-port PORT.'],
  })
}

/**
 * Rules that close a link to or from it are in its network, which is there only once it runs: until they can be set it is
 * connected to no other node. Those who set them connect it.
 */
function startsApart({faults, name}: NodeSpec): boolean {
  const closes = ({effect: {kind}, from, to}: LinkRule) => kind !== 'delay' && (from === name || to === name)
  return faults?.rules.some(closes) === true
}

async function create(cli: DockerCli, spec: PlacedSpec, setup: NodeSetup): Promise<void> {
  const {address, environment, name} = spec
  const container = containerName(environment, name)
  const {client} = networkNames(environment)
  const own = {[LABEL.environment]: environment, [LABEL.node]: name, [LABEL.state]: setup.state}
  const labels = {
    ...own,
    [LABEL.peerHost]: spec.peerHost,
    [LABEL.port]: String(address.port),
    [LABEL.region]: spec.region,
    [LABEL.role]: 'node',
    'com.docker.compose.project': `shoal-${environment}`,
    'com.docker.compose.service': name,
  }
  const volumeLabels = Object.entries(own).map(([key, value]) => `volume-label=${key}=${value}`)
  const volume = ['type=volume', `source=${volumeName(environment, name)}`, `target=${DATA_FOLDER}`, ...volumeLabels]
  // The port is the same inside: what a node announces is true for its peers and for this machine's clients.
  const published = `${address.host}:${address.port}:${address.port}`
  await cli.run([
    'create',
    ...['--name', container, '--hostname', name, '--network', client, '--publish', published],
    ...['--mount', volume.join(), '--workdir', DATA_FOLDER],
    ...labelArguments(labels),
    setup.image,
    ...setup.command,
    CONF_PATH,
  ])
  // By the daemon, not by a shared folder: it may be on another machine. The password is in no argument.
  const conf = Buffer.from(renderContainerConf(spec, setup.hasHostnames))
  const archive = Buffer.concat([...writeTar([{content: conf, mode: 0o600, path: '/node.conf'}])])
  await Promise.all([
    cli.run(['cp', '-', `${container}:${DATA_FOLDER}`], {input: archive}),
    startsApart(spec) || connectPeer(cli, spec),
  ])
}

function connectPeer(cli: DockerCli, {environment, name, peerHost}: PlacedSpec): Promise<string> {
  const {peer} = networkNames(environment)
  const container = containerName(environment, name)
  return cli.run(['network', 'connect', '--ip', peerHost, '--alias', name, peer, container])
}

/** Its networks may have been deleted while it was stopped, or it was cut off by one. */
async function attach(cli: DockerCli, spec: PlacedSpec, existing: ContainerDocument): Promise<void> {
  const {client, peer} = networkNames(spec.environment)
  const networks = await cli.inspect<{readonly Id: string; readonly Name: string}>('network', [client, peer])
  for (const {Id, Name} of networks) {
    const endpoint = existing.NetworkSettings.Networks?.[Name]
    const isWanted = Name !== peer || !startsApart(spec)
    if (isWanted && endpoint?.NetworkID === Id) continue
    if (endpoint) await cli.run(['network', 'disconnect', '--force', Name, existing.Id])
    if (!isWanted) continue
    if (Name === peer) await connectPeer(cli, spec)
    else await cli.run(['network', 'connect', Name, existing.Id])
  }
}

async function waitUntilReady(
  cli: DockerCli,
  {address, environment, name, password}: NodeSpec,
  withinMs: number,
  signal: AbortSignal,
): Promise<ContainerDocument> {
  const container = containerName(environment, name)
  const deadline = performance.now() + withinMs
  let lookAt = performance.now() + LOOK_MS
  for (;;) {
    if (signal.aborted) throw new CliError('INTERRUPTED', 'interrupted')
    const isReady = (await pingOnce(address, password, PING_MS_MAX)) !== undefined
    if (isReady || performance.now() > lookAt) {
      const [found] = await cli.inspect<ContainerDocument>('container', [container], {signal})
      if (!found?.State.Running) {
        const log = await tailOf(cli, container)
        const how = found ? `exit code ${found.State.ExitCode}` : 'its container is gone'
        throw new CliError('NODE_START_FAILED', `node ${name} ended while starting (${how}): ${reasonIn(log)}`, {
          details: {log, node: name},
        })
      }
      if (isReady) return found
      lookAt = performance.now() + LOOK_MS
    }
    if (performance.now() > deadline) {
      throw new CliError('TIMED_OUT', `node ${name} did not answer on ${renderAddress(address)} in time`, {
        details: {log: await tailOf(cli, container), node: name, timeoutMs: withinMs},
      })
    }
    await delay(POLL_MS)
  }
}

async function tailOf(cli: DockerCli, container: string): Promise<string[]> {
  const lines: string[] = []
  const options = {follow: false, lines: LOG_LINES}
  for await (const line of readDockerLog(cli, container, options, new AbortController().signal)) lines.push(line)
  return lines
}

/** Not to be interrupted: it is what an interruption does. */
async function undo(cli: DockerCli, {environment, name}: NodeSpec, wasThere: boolean): Promise<void> {
  const container = containerName(environment, name)
  const ignoreAbsence = (error: unknown) => {
    if (!isAbsence(error) && !/is not running/.test(String((error as DockerError).stderr))) throw error
  }
  if (wasThere) {
    await cli.run(['kill', container]).catch(ignoreAbsence)
    return
  }
  await cli.run(['rm', '--force', container]).catch(ignoreAbsence)
  await cli.run(['volume', 'rm', '--force', volumeName(environment, name)]).catch(ignoreAbsence)
}
