import {Document, Scalar, type YAMLMap} from 'yaml'
import type {NodeSpec} from '../../engine/engine.js'
import {HOST} from '../spec.js'
import type {PeerNetwork} from './networks.js'

/** What the compose file is made of. */
export interface ComposeParts {
  readonly project: string
  /** With variables of the env file in it. */
  readonly image: string
  readonly nodes: readonly NodeSpec[]
  readonly networks: readonly PeerNetwork[]
  /** Of a cluster: who begins as whose replica, by name. */
  readonly replicaOf: ReadonlyMap<string, string>
}

export const HELPER = 'cluster_helper'
/** In containers; the official images keep theirs there. */
const CONF_FOLDER = '/usr/local/etc/redis'

/** @returns the variable of the env file that holds the port of a node, counted from 0 */
export function portVariable(index: number): string {
  return `REDIS_PORT${index + 1}`
}

export function containerName(project: string, node: string): string {
  return `${project}-${node}`
}

/** @returns where a node announces itself: in the network of its region */
export function announcedAddress({region}: NodeSpec, index: number, networks: readonly PeerNetwork[]): string {
  const home = networks.find((network) => network.region === region) ?? networks[0]
  return home?.addresses[index] as string
}

/**
 * The compose file, in a form that docker-compose 1.27 and compose 2 read: without `version`, which one may leave out and
 * the other warns of. `$` begins a variable everywhere, `$$` is one dollar.
 */
export function renderComposeFile(parts: ComposeParts): string {
  const {networks, nodes, project} = parts
  const document = new Document({}, {version: '1.2'})
  const shared = document.createNode({
    image: parts.image,
    // A signal reaches a shell only through an init.
    init: true,
    // A connection begun while the node was cut off went out by the wrong network: it must not outlive the cut for long.
    sysctls: {'net.ipv4.tcp_syn_retries': 1},
    command: ['sh', `${CONF_FOLDER}/start.sh`],
    healthcheck: {
      // -e: an error reply, such as that the password is wrong, is a failure too.
      test: ['CMD-SHELL', 'redis-cli -e -p $$REDIS_PORT ping'],
      interval: '2s',
      timeout: '5s',
      retries: 10,
      start_period: '60s',
    },
  }) as YAMLMap
  shared.anchor = 'node'
  const services = document.createNode({}) as YAMLMap
  for (const [index, node] of nodes.entries()) {
    const service = document.createNode(nodeService(parts, node, index)) as YAMLMap
    service.items.unshift(document.createPair('<<', document.createAlias(shared, 'node')))
    services.set(node.name, service)
  }
  if (nodes[0]?.cluster) services.set(HELPER, document.createNode(helperService(parts)))
  document.set('x-node', shared)
  document.set('services', services)
  document.set('networks', {
    client: {name: `${project}-client`},
    ...Object.fromEntries(
      networks.map(({gateway, key, name, subnet}) => [
        key,
        {name, internal: true, ipam: {config: [{subnet, gateway}]}},
      ]),
    ),
  })
  document.set('volumes', Object.fromEntries(nodes.map(({name}) => [name, {}])))
  document.commentBefore = ` Environment ${project}, written by shoal compose. README.md says how to start it.`
  return document.toString({lineWidth: 0})
}

function nodeService(parts: ComposeParts, node: NodeSpec, index: number) {
  const {networks, nodes, project} = parts
  const {name, password} = node
  const variable = `\${${portVariable(index)}}`
  const primary = node.cluster ? -1 : nodes.findIndex((other) => other.name === parts.replicaOf.get(name))
  return {
    container_name: containerName(project, name),
    hostname: containerName(project, name),
    environment: {
      REDIS_ADDRESS: announcedAddress(node, index, networks),
      REDIS_PORT: variable,
      // With one peer network, what cannot leave by it fails at once. With several, each needs an address of its own.
      ...(networks.length === 1 && {REDIS_SOURCE: announcedAddress(node, index, networks)}),
      ...(primary >= 0 && {
        REDIS_REPLICAOF: `${announcedAddress(nodes[primary] as NodeSpec, primary, networks)} \${${portVariable(primary)}}`,
      }),
      ...authOf(password),
    },
    // The same port inside and outside: nodes announce it, to clients and to each other.
    ports: [quoted(`${HOST}:${variable}:${variable}`)],
    volumes: [`${name}:/data`, mount('redis.conf'), mount('start.sh')],
    networks: {
      client: {},
      ...Object.fromEntries(networks.map(({addresses, key}) => [key, {ipv4_address: addresses[index]}])),
    },
  }
}

function helperService({image, networks, nodes, project, replicaOf}: ComposeParts) {
  const places = new Map(
    nodes.map((node, index) => [node.name, `${announcedAddress(node, index, networks)}:\${${portVariable(index)}}`]),
  )
  const primaries = nodes.filter(({name}) => !replicaOf.has(name)).map(({name}) => places.get(name))
  const replicas = [...replicaOf].map(([name, primary]) => `${places.get(name)}=${places.get(primary)}`)
  return {
    image,
    init: true,
    container_name: containerName(project, HELPER),
    hostname: containerName(project, HELPER),
    command: ['sh', `${CONF_FOLDER}/cluster_helper.sh`],
    depends_on: Object.fromEntries(nodes.map(({name}) => [name, {condition: 'service_healthy'}])),
    environment: {
      PRIMARIES: primaries.join(' '),
      REPLICAS: replicas.join(' '),
      ...authOf(nodes[0]?.password),
    },
    volumes: [mount('cluster_helper.sh')],
    networks: Object.fromEntries(networks.map(({addresses, key}) => [key, {ipv4_address: addresses.at(-1)}])),
  }
}

/** redis-cli reads it there, and so it stands on no command line. */
function authOf(password: string | undefined): Record<string, string> {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of the compose file
  return password === undefined ? {} : {REDISCLI_AUTH: '${REDIS_PASSWORD}'}
}

function mount(file: string): string {
  return `./${file}:${CONF_FOLDER}/${file}:ro`
}

/** Digits and colons alone are a number in base 60 to some readers of YAML. */
function quoted(text: string): Scalar {
  const scalar = new Scalar(text)
  scalar.type = Scalar.QUOTE_DOUBLE
  return scalar
}
