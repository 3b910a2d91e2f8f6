import type {NodeSpec} from '../../engine/engine.js'
import {quoteConfValue} from '../../engine/node-conf.js'
import {CliError} from '../../kernel/errors.js'
import {type EnvironmentSpec, HOST, nodesOf} from '../spec.js'
import {type ComposeParts, containerName, HELPER, portVariable, renderComposeFile} from './compose-file.js'
import {renderVariable} from './env-file.js'
import {type PeerNetwork, planPeerNetworks} from './networks.js'
import {renderReadme, startCommand} from './readme.js'
import {CLUSTER_HELPER_SH, NETWORK_SH, RESTORE_SH, SPLIT_SH, START_SH} from './shell-scripts.js'

/** A file of an exported project. */
export interface ProjectFile {
  /** In the project's folder. */
  readonly name: string
  readonly text: string
  /** 0600 where there is a secret in it. */
  readonly mode: number
}

export interface ComposeProject {
  readonly project: string
  /** Without variables. */
  readonly image: string
  /** A command line, to be run in the project's folder. */
  readonly start: string
  readonly files: readonly ProjectFile[]
}

export interface ProjectOptions {
  /** REPOSITORY:TAG of an image with redis-server 7.0 or later, redis-cli and a shell. */
  readonly image?: string
  /** As A.B.C.D/BITS, of the network between the nodes, or of the first region's. One by the name without. */
  readonly subnet?: string
}

export const DEFAULT_IMAGE = 'redis:7.2'
const VERSION_VARIABLE = 'REDIS_VERSION'
/** Names become words of shell scripts and parts of Docker's names. */
const PLAIN_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/

/**
 * An environment as a docker-compose project that needs no Shoal. The same spec and options give the same files.
 *
 * @throws {CliError} BAD_FLAG for names, a subnet or an image that Docker would not take, PREFLIGHT_FAILED for a password
 * that cannot be written
 */
export function composeProject(spec: EnvironmentSpec, options: ProjectOptions = {}): ComposeProject {
  requirePlainNames(spec)
  const project = spec.name
  const image = options.image ?? DEFAULT_IMAGE
  const {repository, tag} = splitImage(image)
  const networks = planPeerNetworks(spec, options.subnet ?? spec.subnet)
  const nodes = nodesOf(spec)
  const replicaOf = new Map(
    spec.nodes.flatMap(({name, replicaOf: of}) => (of === undefined ? [] : [[name, of] as const])),
  )
  const parts: ComposeParts = {
    image: tag === undefined ? image : `${repository}:\${${VERSION_VARIABLE}}`,
    networks,
    nodes,
    project,
    replicaOf,
  }
  if (spec.topology === 'crdb') {
    throw new CliError(
      'BAD_FLAG',
      'participating clusters of active-active databases cannot be exported: only Shoal runs them',
    )
  }
  const isCluster = spec.topology === 'cluster'
  const start = startCommand(project)
  const files: ProjectFile[] = [
    {mode: 0o644, name: `${project}.yaml`, text: renderComposeFile(parts)},
    {mode: 0o600, name: 'variables.env', text: renderVariables(spec, tag)},
    {mode: 0o644, name: 'redis.conf', text: renderSharedConf(nodes)},
    {mode: 0o755, name: 'start.sh', text: START_SH},
    ...(isCluster ? [{mode: 0o755, name: 'cluster_helper.sh', text: CLUSTER_HELPER_SH}] : []),
    {mode: 0o644, name: 'network.sh', text: `${renderLegs(project, nodes, networks)}${NETWORK_SH}`},
    {mode: 0o755, name: 'split.sh', text: SPLIT_SH},
    {mode: 0o755, name: 'restore.sh', text: RESTORE_SH},
    {mode: 0o644, name: 'README.md', text: renderReadme(spec)},
  ]
  return {files, image, project, start}
}

/** What all nodes share. Their ports, addresses and the password come from the compose file. */
function renderSharedConf([node]: readonly NodeSpec[]): string {
  const lines: (readonly [string, string])[] = [
    ['dir', '/data'],
    // Reached through Docker's networks alone, of which one is published, on loopback.
    ['protected-mode', 'no'],
    ...(node?.cluster
      ? ([
          ['cluster-enabled', 'yes'],
          ['cluster-config-file', 'nodes.conf'],
          // Redirects send clients to where the ports are published; nodes know each other by address.
          ['cluster-announce-hostname', HOST],
          ['cluster-preferred-endpoint-type', 'hostname'],
        ] as const)
      : []),
    ...(node?.settings ?? []),
  ]
  const text = lines.map(([directive, value]) => `${directive} ${quoteConfValue(value)}\n`)
  return `# Of all nodes; what differs between them, start.sh adds.\n${text.join('')}`
}

function renderVariables({nodes, password}: EnvironmentSpec, tag: string | undefined): string {
  const lines = [
    ...(tag === undefined ? [] : [renderVariable(VERSION_VARIABLE, tag)]),
    ...(password === undefined ? [] : [renderVariable('REDIS_PASSWORD', password)]),
    ...nodes.map(({port}, index) => renderVariable(portVariable(index), String(port))),
  ]
  return `${lines.join('\n')}\n`
}

/** The project's own part of network.sh: who stands where when nothing is cut off. */
function renderLegs(project: string, nodes: readonly NodeSpec[], networks: readonly PeerNetwork[]): string {
  const legs = nodes.flatMap((node, index) =>
    networks.map(({addresses, name, region = '-'}) =>
      [node.name, containerName(project, node.name), regionIn(node, networks), region, name, addresses[index]].join(
        ' ',
      ),
    ),
  )
  const names = [...nodes.map(({name}) => name), ...networks.flatMap(({region}) => region ?? [])]
  return `# Networks of ${project}: read by split.sh and restore.sh, does nothing by itself.
# shellcheck shell=sh disable=SC2034,SC2154
state="$folder/.split"
first_network=${networks[0]?.name}
names='${names.join(' ')}'
containers='${nodes.map(({name}) => containerName(project, name)).join(' ')}'

# NODE CONTAINER ITS_REGION REGION_OF_THE_NETWORK NETWORK ADDRESS
legs() {
  cat <<'END'
${legs.join('\n')}
END
}
`
}

function regionIn({region = '-'}: NodeSpec, networks: readonly PeerNetwork[]): string {
  return networks.some((network) => network.region === region) ? region : '-'
}

function splitImage(image: string): {repository: string; tag?: string} {
  if (!/^[a-z0-9][\w.:/@-]*$/i.test(image)) {
    throw new CliError('BAD_FLAG', `${JSON.stringify(image.slice(0, 80))} is not the name of an image`)
  }
  // A digest names one image for ever.
  if (image.includes('@')) return {repository: image}
  const colon = image.indexOf(':', image.lastIndexOf('/') + 1)
  return colon < 0
    ? {repository: image, tag: 'latest'}
    : {repository: image.slice(0, colon), tag: image.slice(colon + 1)}
}

/** Scripts take both nodes and regions by name, so none may be both. */
function requirePlainNames({nodes}: EnvironmentSpec): void {
  const regions = new Set(nodes.flatMap(({region}) => region ?? []))
  const names = nodes.map(({name}) => name)
  const bad =
    [...names, ...regions].find((name) => !PLAIN_NAME.test(name)) ??
    names.find((name) => regions.has(name) || name === HELPER)
  if (bad === undefined) return
  throw new CliError('BAD_FLAG', `${JSON.stringify(bad.slice(0, 60))} cannot be a name in a compose project`, {
    suggestions: ['Names are of letters, digits, _, . and -, and no region is called as a node.'],
  })
}
