import {Flags} from '@oclif/core'
import {ENGINES, type EngineKind} from '../../engine/engine.js'
import {
  DEFAULTS,
  type EnvironmentRequest,
  PERSISTENCES,
  type Persistence,
  TOPOLOGIES,
  type Topology,
} from '../../environment/spec.js'
import {badFlag} from '../flags.js'
import {environmentPasswordFlag} from './flags.js'

/** What an environment is to be: the flags of `up` and of whatever else makes one. */
export const environmentFlags = {
  name: Flags.string({
    helpValue: 'NAME',
    summary: `Name of the environment. ${DEFAULTS.name}, unless the file has one.`,
  }),
  file: Flags.string({char: 'f', helpValue: 'FILE', summary: 'What it is to be, in YAML. Flags beside it prevail.'}),
  engine: Flags.option({
    options: ENGINES,
    summary: `Where nodes run: Shoal's own, redis-server or valkey-server, or Docker. New: ${DEFAULTS.engine}.`,
  })(),
  server: Flags.string({
    helpValue: 'PATH',
    summary: 'The redis-server or valkey-server to run. Implies --engine process.',
  }),
  image: Flags.string({helpValue: 'TAG', summary: 'The Docker image to run. Implies --engine docker.'}),
  topology: Flags.option({
    options: TOPOLOGIES,
    summary: `A cluster, one primary and its replicas without cluster, or regions that take part in active-active databases (\`crdb create\`). New: ${DEFAULTS.topology}.`,
  })(),
  primaries: Flags.integer({helpValue: 'N', summary: `How many nodes own slots. New: ${DEFAULTS.primaries}.`}),
  replicas: Flags.integer({
    helpValue: 'N',
    min: 0,
    summary: `Replicas of each primary. New: ${DEFAULTS.replicas}; 2 without cluster.`,
  }),
  'base-port': Flags.integer({
    helpValue: 'PORT',
    summary: `Port of the first node; the bus listens on port + 10000. New: ${DEFAULTS.basePort}.`,
  }),
  regions: Flags.string({
    helpValue: 'A,B',
    summary: 'Names of regions. Nodes are spread over them, a primary and its replicas apart.',
  }),
  'node-timeout': Flags.integer({
    helpValue: 'MS',
    summary: `Silence after which nodes call a node failed, in ms. New: ${DEFAULTS.nodeTimeoutMs}.`,
  }),
  persistence: Flags.option({
    options: PERSISTENCES,
    summary: `What nodes keep when they are stopped: nothing, snapshots, or every write. New: ${DEFAULTS.persistence}.`,
  })(),
  set: Flags.string({
    helpValue: 'NAME=VALUE',
    multiple: true,
    multipleNonGreedy: true,
    summary: 'A directive of redis.conf for all nodes.',
  }),
  subnet: Flags.string({
    helpValue: 'A.B.C.D/BITS',
    summary: 'Docker: of the network between the nodes. New: one that is free.',
  }),
  password: environmentPasswordFlag(),
}

/** The parsed values of `environmentFlags`. */
export interface EnvironmentFlagValues {
  readonly name?: string | undefined
  readonly file?: string | undefined
  readonly engine?: EngineKind | undefined
  readonly server?: string | undefined
  readonly image?: string | undefined
  readonly topology?: Topology | undefined
  readonly primaries?: number | undefined
  readonly replicas?: number | undefined
  readonly 'base-port'?: number | undefined
  readonly regions?: string | undefined
  readonly 'node-timeout'?: number | undefined
  readonly persistence?: Persistence | undefined
  readonly set?: readonly string[] | undefined
  readonly subnet?: string | undefined
  readonly password?: string | undefined
}

/** What file and flags ask for. @throws {CliError} BAD_FLAG, NOT_FOUND */
export async function requestWithFile(flags: EnvironmentFlagValues): Promise<EnvironmentRequest> {
  const {file, name} = flags
  const request = {...requestFrom(flags), ...(name !== undefined && {name})}
  if (file === undefined) return {...request, name: name ?? DEFAULTS.name}
  // With what it takes to read YAML: most runs read none.
  const {readSpecFile} = await import('../../environment/spec-file/read.js')
  return readSpecFile(file, request)
}

/** What the flags ask for, and nothing else. @throws {CliError} BAD_FLAG */
function requestFrom(flags: EnvironmentFlagValues): Omit<EnvironmentRequest, 'name'> {
  const {image, password, persistence, primaries, replicas, server, subnet, topology} = flags
  const program = server ?? image
  const engine = engineFrom(flags)
  const basePort = flags['base-port']
  const nodeTimeoutMs = flags['node-timeout']
  if (nodeTimeoutMs !== undefined && nodeTimeoutMs < 1) throw badFlag(`--node-timeout ${nodeTimeoutMs} is not above 0`)
  return {
    ...(engine !== undefined && {engine}),
    ...(program !== undefined && {program}),
    ...(topology !== undefined && {topology}),
    ...(primaries !== undefined && {primaries}),
    ...(replicas !== undefined && {replicas}),
    ...(basePort !== undefined && {basePort}),
    ...(flags.regions !== undefined && {regions: flags.regions.split(',').map((name) => name.trim())}),
    ...(nodeTimeoutMs !== undefined && {nodeTimeoutMs}),
    ...(persistence !== undefined && {persistence}),
    ...(flags.set !== undefined && {settings: parseSettings(flags.set)}),
    ...(subnet !== undefined && {subnet: requireSubnet(subnet)}),
    ...(password !== undefined && {password}),
  }
}

/** A program says which engine is meant. */
function engineFrom({engine, image, server}: EnvironmentFlagValues): EngineKind | undefined {
  if (server !== undefined && image !== undefined) throw badFlag('--server and --image exclude each other')
  if (server === '' || image === '') throw badFlag(`--${server === '' ? 'server' : 'image'} is empty`)
  if (server !== undefined && engine !== undefined && engine !== 'process')
    throw badFlag(`--server is for --engine process, not ${engine}`, [`shoal up --engine process --server ${server}`])
  if (image !== undefined && engine !== undefined && engine !== 'docker')
    throw badFlag(`--image is for --engine docker, not ${engine}`, [`shoal up --engine docker --image ${image}`])
  return server !== undefined ? 'process' : image !== undefined ? 'docker' : engine
}

/** `maxmemory=100mb`; redis-cli's and redis.conf's own `maxmemory 100mb` too. The last of one name counts. */
function parseSettings(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const match = /^\s*([^\s=]+)\s*(?:=|\s)\s*(.*)$/s.exec(pair)
      if (!match) throw badFlag(`--set ${pair} is not NAME=VALUE`, ['shoal up --set maxmemory=100mb'])
      return [(match[1] as string).toLowerCase(), match[2] as string]
    }),
  )
}

function requireSubnet(text: string): string {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(text)
  const [a, b, c, d, bits = 99] = (match ?? []).slice(1).map(Number)
  const isRight = match !== null && [a, b, c, d].every((byte) => (byte as number) <= 255) && bits >= 8 && bits <= 29
  if (!isRight)
    throw badFlag(`--subnet ${text} is not A.B.C.D/BITS`, ['shoal up --engine docker --subnet 172.30.7.0/24'])
  return text
}
