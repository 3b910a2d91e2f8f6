import {isNodeId} from '../../model/node-id.js'
import {isSlot, SLOT_COUNT} from '../../model/slot-set.js'
import {NODE_FLAG} from '../../protocol/bus/message.js'

/**
 * nodes.conf as text (wire.md 1.14): one CLUSTER NODES line per node, then `vars currentEpoch N lastVoteEpoch N`.
 *
 *   <id> <ip>:<port>@<busport>[,hostname[,key=value..]] <flags> <primary|-> <ping> <pong> <epoch> <link> [slots..]
 */

export interface NodesConfNode {
  readonly id: string
  readonly ip: string
  readonly port: number
  readonly busPort: number
  readonly hostname: string
  /** `key=value` fields that 7.2 and later add; kept as they are. */
  readonly aux: readonly string[]
  /** Sum of NODE_FLAG values. */
  readonly flags: number
  /** Empty if none or unknown. */
  readonly primary: string
  readonly hasPing: boolean
  readonly hasPong: boolean
  readonly configEpoch: number
  readonly slots: readonly number[]
  /** Slot -> the node it goes to. */
  readonly migrating: ReadonlyMap<number, string>
  /** Slot -> the node it comes from. */
  readonly importing: ReadonlyMap<number, string>
}

export interface NodesConf {
  readonly nodes: readonly NodesConfNode[]
  readonly currentEpoch: number
  readonly lastVoteEpoch: number
  /** To be logged: what was not understood and may be ignored. */
  readonly warnings: readonly string[]
}

/** nodes.conf is damaged. Fatal: a node must not guess who it is or what it voted. */
export class NodesConfError extends Error {
  override readonly name = 'NodesConfError'
}

const FLAG_NAMES: readonly (readonly [number, string])[] = [
  [NODE_FLAG.myself, 'myself'],
  [NODE_FLAG.primary, 'master'],
  [NODE_FLAG.replica, 'slave'],
  [NODE_FLAG.pfail, 'fail?'],
  [NODE_FLAG.fail, 'fail'],
  [NODE_FLAG.handshake, 'handshake'],
  [NODE_FLAG.noaddr, 'noaddr'],
  [NODE_FLAG.nofailover, 'nofailover'],
]

/** `myself,master`; `noflags` for none. */
export function renderFlags(flags: number): string {
  const names = FLAG_NAMES.filter(([flag]) => (flags & flag) !== 0).map(([, name]) => name)
  return names.length > 0 ? names.join(',') : 'noflags'
}

/** @throws {NodesConfError} with the number and text of the line at fault */
export function parseNodesConf(text: string): NodesConf {
  const nodes: NodesConfNode[] = []
  const warnings: string[] = []
  const vars = new Map<string, number>()
  for (const [index, line] of text.split('\n').entries()) {
    const fields = line.split(' ').filter((field) => field !== '' && field !== '\r')
    if (fields.length === 0) continue
    const fail = (what: string): never => {
      throw new NodesConfError(`nodes.conf line ${index + 1}: ${what}: ${JSON.stringify(line.slice(0, 200))}`)
    }
    if (fields[0] === 'vars') parseVars(fields, vars, warnings, fail)
    else nodes.push(parseNode(fields, fail))
  }
  check(nodes)
  const epochs = nodes.map((node) => node.configEpoch)
  const currentEpoch = Math.max(vars.get('currentEpoch') ?? 0, 0, ...epochs)
  return {nodes, currentEpoch, lastVoteEpoch: vars.get('lastVoteEpoch') ?? 0, warnings}
}

type Fail = (what: string) => never

function check(nodes: readonly NodesConfNode[]): void {
  const myself = nodes.filter((node) => (node.flags & NODE_FLAG.myself) !== 0)
  if (myself.length !== 1) throw new NodesConfError(`nodes.conf has ${myself.length} lines flagged myself, not one`)
  if (new Set(nodes.map(({id}) => id)).size !== nodes.length) {
    throw new NodesConfError('nodes.conf names a node twice')
  }
  const owned = new Uint8Array(SLOT_COUNT)
  for (const {slots} of nodes) {
    for (const slot of slots) {
      if (owned[slot] === 1) throw new NodesConfError('nodes.conf gives a slot to two nodes')
      owned[slot] = 1
    }
  }
}

function parseVars(fields: readonly string[], vars: Map<string, number>, warnings: string[], fail: Fail): void {
  if (fields.length % 2 === 0) fail('odd number of names and values')
  for (let index = 1; index < fields.length; index += 2) {
    const name = fields[index] as string
    if (name === 'currentEpoch' || name === 'lastVoteEpoch') {
      vars.set(name, parseEpoch(fields[index + 1] as string, fail))
    } else warnings.push(`Skipping unknown cluster config variable '${name}'`)
  }
}

function parseNode(fields: readonly string[], fail: Fail): NodesConfNode {
  if (fields.length < 8) return fail('too few fields')
  const [id, address, flagNames, primary, ping, pong, epoch] = fields as [string, ...string[]]
  if (!isNodeId(id)) return fail('bad node id')
  if (primary !== '-' && !isNodeId(primary as string)) return fail('bad master id')
  const flags = parseFlags(flagNames as string, fail)
  return {
    id,
    ...parseAddress(address as string, fail),
    flags,
    primary: primary === '-' ? '' : (primary as string),
    hasPing: ping !== '0',
    hasPong: pong !== '0',
    // The line of a replica shows its primary's epoch; its own is none.
    configEpoch: flags & NODE_FLAG.replica ? 0 : parseEpoch(epoch as string, fail),
    ...parseSlots(fields.slice(8), fail),
  }
}

/** `ip:port@busport,hostname,key=value`; older files lack the bus port. */
function parseAddress(text: string, fail: Fail): Pick<NodesConfNode, 'ip' | 'port' | 'busPort' | 'hostname' | 'aux'> {
  const [endpoint, hostname, ...aux] = text.split(',') as [string, ...string[]]
  const match = /^(.*):(\d{1,5})(?:@(\d{1,5}))?$/.exec(endpoint)
  if (!match) return fail('bad address')
  const port = Number(match[2])
  const busPort = match[3] === undefined ? port + 10000 : Number(match[3])
  if (port > 65535 || busPort > 65535) return fail('bad port')
  // 7.2 writes an empty hostname before its fields; a first field with `=` is one of those.
  const fields = hostname?.includes('=') ? [hostname, ...aux] : aux
  return {ip: match[1] as string, port, busPort, hostname: hostname?.includes('=') ? '' : (hostname ?? ''), aux: fields}
}

function parseFlags(names: string, fail: Fail): number {
  let flags = 0
  for (const name of names.split(',')) {
    if (name === 'noflags') continue
    const known = FLAG_NAMES.find(([, text]) => text === name)
    if (!known) return fail(`unknown flag ${name}`)
    flags |= known[0]
  }
  if (flags & NODE_FLAG.primary && flags & NODE_FLAG.replica) fail('both master and slave')
  return flags
}

function parseEpoch(text: string, fail: Fail): number {
  const epoch = Number(text)
  return /^\d{1,16}$/.test(text) && Number.isSafeInteger(epoch) ? epoch : fail('bad epoch')
}

function parseSlots(fields: readonly string[], fail: Fail): Pick<NodesConfNode, 'slots' | 'migrating' | 'importing'> {
  const slots: number[] = []
  const migrating = new Map<number, string>()
  const importing = new Map<number, string>()
  for (const field of fields) {
    const open = /^\[(\d{1,5})-([<>])-([0-9a-z]{40})\]$/.exec(field)
    if (open) {
      const slot = Number(open[1])
      if (!isSlot(slot)) return fail('bad slot')
      const table = open[2] === '>' ? migrating : importing
      table.set(slot, open[3] as string)
      continue
    }
    const range = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(field)
    const first = Number(range?.[1] ?? SLOT_COUNT)
    const last = Number(range?.[2] ?? first)
    if (!isSlot(first) || !isSlot(last)) return fail('bad slot')
    for (let slot = first; slot <= last; slot++) slots.push(slot)
  }
  return {slots, migrating, importing}
}
