import {DEFAULTS, type EnvironmentSpec} from '../../environment/spec.js'
import type {EnvironmentStatus, FaultStatus, NodeStatus} from '../../environment/status.js'
import {renderAddress} from '../../model/address.js'
import {countSlots, renderRanges} from '../../model/slot-set.js'
import {renderBytes} from './numbers.js'
import type {Style} from './style.js'
import {type Column, renderTable} from './table.js'

interface NodeColumn extends Column {
  /** Shown if there are replicas. */
  readonly ofReplicas?: true
  /** Shown if there are regions. */
  readonly ofRegions?: true
  readonly cell: (node: NodeStatus, style: Style) => string
}

export const NO_ENVIRONMENTS = 'No environments. Start one with: shoal up'
const UNKNOWN = '-'
const right = 'right' as const

const NODE_COLUMNS: readonly NodeColumn[] = [
  {title: 'NODE', cell: ({name}) => name},
  {title: 'ADDRESS', cell: ({address}) => (address ? renderAddress(address) : UNKNOWN)},
  {title: 'REGION', ofRegions: true, cell: ({region}) => region ?? UNKNOWN},
  {title: 'PID', align: right, cell: ({pid}) => (pid === undefined ? UNKNOWN : String(pid))},
  {title: 'ROLE', cell: renderRole},
  {title: 'SLOTS', cell: ({role, slots}) => (slots && role === 'primary' ? renderSlots(slots) : UNKNOWN)},
  {title: 'STATE', cell: ({state}, style) => paintState(state, style)},
  {title: 'LINK', ofReplicas: true, cell: ({link}, style) => (link ? paintLink(link, style) : UNKNOWN)},
  {
    title: 'LAG',
    align: right,
    ofReplicas: true,
    cell: ({lagBytes}) => (lagBytes === undefined ? UNKNOWN : renderBytes(lagBytes)),
  },
  {title: 'UPTIME', align: right, cell: ({uptimeMs}) => (uptimeMs === undefined ? UNKNOWN : renderUptime(uptimeMs))},
  {
    title: 'MEMORY',
    align: right,
    cell: ({memoryBytes}) => (memoryBytes === undefined ? UNKNOWN : `${(memoryBytes / (1024 * 1024)).toFixed(0)} MB`),
  },
]
/** A node that owns confetti must not break the table. */
const RANGES_SHOWN_MAX = 3

/** One environment: a headline and a line per node. */
export function renderEnvironment(environment: EnvironmentStatus, style: Style): string {
  const {nodes} = environment
  const hasReplicas = nodes.some(({role}) => role === 'replica')
  const hasRegions = nodes.some(({region}) => region !== undefined)
  const columns = NODE_COLUMNS.filter(
    ({ofRegions, ofReplicas}) => (hasReplicas || !ofReplicas) && (hasRegions || !ofRegions),
  )
  const {engine, faults, name, regions, state, topology} = environment
  const rows = nodes.map((node) => columns.map(({cell}) => cell(node, style)))
  const [titles = '', ...lines] = renderTable(columns, rows)
  const kind = [engine, topology].filter((word) => word !== undefined).join(' ')
  const head = `${style.bold(name)}: ${paintState(state, style)}${kind && style.dim(`  ${kind}`)}`
  const onRecord = faults.flatMap((fault) => renderFault(fault, name).map(style.yellow))
  if (nodes.length === 0 && regions)
    return [head, ...onRecord, `participating clusters, no database yet: ${regions.join(', ')}`].join('\n')
  return [head, ...onRecord, style.dim(titles), ...lines].join('\n')
}

export function renderEnvironments(environments: readonly EnvironmentStatus[], style: Style): string {
  if (environments.length === 0) return NO_ENVIRONMENTS
  return environments.map((environment) => renderEnvironment(environment, style)).join('\n\n')
}

function renderFault({id, lostLinks, text, untilMs}: FaultStatus, environment: string): string[] {
  const line = `fault ${id}: ${text}${renderUntil(untilMs)}`
  if (!lostLinks?.[0]) return [line]
  const [{from, to}, ...others] = lostLinks
  const more = others.length === 0 ? '' : ` and ${others.length} more`
  return [line, `  not in force on ${from} -> ${to}${more}. In force again: shoal start --all --name ${environment}`]
}

/** Until when, in the clock of whoever reads it. */
function renderUntil(untilMs: number | undefined): string {
  return untilMs === undefined ? '' : `, until ${new Date(untilMs).toLocaleTimeString('en-GB')}`
}

/** How to use a new environment at once. The password is named, never printed. */
export function renderTryThis(
  spec: Pick<EnvironmentSpec, 'name' | 'nodes' | 'password' | 'regions' | 'topology'>,
  style: Style,
): string {
  const {name, nodes, password, topology} = spec
  if (topology === 'crdb') return renderTryDatabase(spec, style)
  const port = nodes[0]?.port
  const hasPassword = password !== undefined
  const login = hasPassword ? 'REDISCLI_AUTH=$SHOAL_PASSWORD ' : ''
  const cluster = [
    `  ${login}redis-cli -c -p ${port} set greeting hello`,
    `  new Cluster([{host: '127.0.0.1', port: ${port}}]${hasPassword ? ', {redisOptions: {password: process.env.SHOAL_PASSWORD}}' : ''})   // ioredis`,
    `  shoal info 127.0.0.1:${port}`,
  ]
  const replication = [
    `  ${login}redis-cli -p ${port} set greeting hello`,
    `  new Redis({host: '127.0.0.1', port: ${port}${hasPassword ? ', password: process.env.SHOAL_PASSWORD' : ''}})   // ioredis`,
    `  shoal ps --name ${name}`,
  ]
  return [style.bold('Try this:'), ...(topology === 'cluster' ? cluster : replication)].join('\n')
}

/** The password is named, as above. */
function renderTryDatabase(
  {name, nodes, password, regions}: Pick<EnvironmentSpec, 'name' | 'nodes' | 'password' | 'regions'>,
  style: Style,
): string {
  const login = password === undefined ? '' : ',username=admin,password=$SHOAL_PASSWORD'
  const instances = regions.map((region) => `--instance fqdn=${region}${login}`).join(' ')
  const first = [
    `  shoal crdb create --name mycrdb --memory-size 512mb --port 12000 ${instances}`,
    '  redis-cli -p 12000 incr votes',
  ]
  const environment = name === DEFAULTS.name ? '' : ` --name ${name}`
  const then = [
    `  shoal partition --regions ${regions[0]}${environment}`,
    `  shoal heal${environment}`,
    '  shoal crdb list',
  ]
  return [style.bold('Try this:'), ...(nodes.length === 0 ? first : []), ...then].join('\n')
}

function renderRole({replicaOf, role}: NodeStatus): string {
  return replicaOf === undefined ? (role ?? UNKNOWN) : `${role} of ${replicaOf}`
}

function renderSlots(slots: NonNullable<NodeStatus['slots']>): string {
  if (slots.length === 0) return 'none'
  if (slots.length <= RANGES_SHOWN_MAX) return renderRanges(slots)
  return `${renderRanges(slots.slice(0, RANGES_SHOWN_MAX))},... (${countSlots(slots)})`
}

export function paintState(state: EnvironmentStatus['state'] | NodeStatus['state'], style: Style): string {
  if (state === 'ok' || state === 'running') return style.green(state)
  return state === 'stopped' ? style.dim(state) : style.red(state)
}

function paintLink(link: NonNullable<NodeStatus['link']>, style: Style): string {
  return link === 'up' ? style.green(link) : style.red(link)
}

/** `42s`, `3m 5s`, `2h 10m`, `5d 3h`: two units at most. */
export function renderUptime(ms: number): string {
  const seconds = Math.floor(ms / 1000)
  const units: [number, string][] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
    [seconds % 60, 's'],
  ]
  const first = units.findIndex(([amount]) => amount > 0)
  if (first === -1) return '0s'
  const shown = units.slice(first, first + 2).filter(([amount]) => amount > 0)
  return shown.map(([amount, unit]) => `${amount}${unit}`).join(' ')
}
