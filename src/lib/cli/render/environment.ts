import type {EnvironmentStatus, NodeStatus} from '../../environment/status.js'
import {renderAddress} from '../../model/address.js'
import {countSlots, renderRanges} from '../../model/slot-set.js'
import type {Style} from './style.js'
import {type Column, renderTable} from './table.js'

const NODE_COLUMNS: readonly Column[] = [
  {title: 'NODE'},
  {title: 'ADDRESS'},
  {align: 'right', title: 'PID'},
  {title: 'ROLE'},
  {title: 'SLOTS'},
  {title: 'STATE'},
  {align: 'right', title: 'UPTIME'},
  {align: 'right', title: 'MEMORY'},
]
/** A node that owns confetti must not break the table. */
const RANGES_SHOWN_MAX = 3

/** One environment: a headline and a line per node. */
export function renderEnvironment(environment: EnvironmentStatus, style: Style): string {
  const rows = environment.nodes.map((node) => nodeCells(node, style))
  const [titles = '', ...lines] = renderTable(NODE_COLUMNS, rows)
  const head = `${style.bold(environment.name)}: ${paintState(environment.state, style)}`
  return [head, style.dim(titles), ...lines].join('\n')
}

export function renderEnvironments(environments: readonly EnvironmentStatus[], style: Style): string {
  if (environments.length === 0) return 'No environments. Start one with: shoal up'
  return environments.map((environment) => renderEnvironment(environment, style)).join('\n\n')
}

/** How to use a new environment at once. The password is named, never printed. */
export function renderTryThis(port: number, hasPassword: boolean, style: Style): string {
  const secret = hasPassword ? ', {redisOptions: {password: process.env.SHOAL_PASSWORD}}' : ''
  const login = hasPassword ? 'REDISCLI_AUTH=$SHOAL_PASSWORD ' : ''
  return [
    style.bold('Try this:'),
    `  ${login}redis-cli -c -p ${port} set greeting hello`,
    `  new Cluster([{host: '127.0.0.1', port: ${port}}]${secret})   // ioredis`,
    `  shoal info 127.0.0.1:${port}`,
  ].join('\n')
}

function nodeCells(node: NodeStatus, style: Style): string[] {
  const {address, memoryBytes, name, pid, role, slots, state, uptimeMs} = node
  return [
    name,
    address ? renderAddress(address) : '-',
    pid === undefined ? '-' : String(pid),
    role ?? '-',
    slots ? renderSlots(slots) : '-',
    paintState(state, style),
    uptimeMs === undefined ? '-' : renderUptime(uptimeMs),
    memoryBytes === undefined ? '-' : `${(memoryBytes / (1024 * 1024)).toFixed(0)} MB`,
  ]
}

function renderSlots(slots: NonNullable<NodeStatus['slots']>): string {
  if (slots.length === 0) return 'none'
  if (slots.length <= RANGES_SHOWN_MAX) return renderRanges(slots)
  return `${renderRanges(slots.slice(0, RANGES_SHOWN_MAX))},... (${countSlots(slots)})`
}

function paintState(state: EnvironmentStatus['state'] | NodeStatus['state'], style: Style): string {
  if (state === 'ok' || state === 'running') return style.green(state)
  return state === 'stopped' ? style.dim(state) : style.red(state)
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
