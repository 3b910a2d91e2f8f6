import type {Address} from '../model/address.js'
import {BUS_PORT_OFFSET} from '../model/address.js'
import type {NodeRecord} from '../model/cluster-view.js'
import type {NodeId} from '../model/node-id.js'
import {isNodeId} from '../model/node-id.js'
import type {SlotRange} from '../model/slot-set.js'
import {isSlot} from '../model/slot-set.js'

/*
 * CLUSTER NODES, one line per node the observer knows:
 *
 *   <id> <ip>:<port>@<busport>[,hostname[,name=value...]] <flags> <primary id | -> <ping sent> <pong received>
 *   <config epoch> <connected | disconnected> [slot | first-last | [slot->-id] | [slot-<-id]] ...
 */

const LINE_FIELDS_MIN = 8

/**
 * Reads a CLUSTER NODES reply.
 *
 * @param reachedBy - stands in for the host of the `myself` line while the node does not know its own address
 * @throws {RangeError} on a line that is none
 */
export function parseClusterNodes(text: string, reachedBy: Address): NodeRecord[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => parseLine(line, reachedBy))
}

function parseLine(line: string, reachedBy: Address): NodeRecord {
  const fields = line.split(' ')
  const [id, where, flagText, primary, , pong, epoch, link, ...slotTokens] = fields
  if (fields.length < LINE_FIELDS_MIN || !id || !isNodeId(id) || where === undefined || !flagText) {
    throw new RangeError(`not a line of CLUSTER NODES: ${JSON.stringify(line.slice(0, 120))}`)
  }
  const flags = new Set(flagText.split(','))
  const myself = flags.has('myself')
  const {address, busPort, hostname} = parseWhere(where, line)
  const configEpoch = Number(epoch)
  if (!Number.isSafeInteger(configEpoch))
    throw new RangeError(`no config epoch in ${JSON.stringify(line.slice(0, 120))}`)
  return {
    id,
    address: address.host === '' && myself ? {...address, host: reachedBy.host} : address,
    busPort,
    ...(hostname !== undefined && {hostname}),
    role: flags.has('slave') || flags.has('replica') ? 'replica' : 'primary',
    ...(primary !== undefined && isNodeId(primary) && {primaryId: primary}),
    myself,
    pfail: flags.has('fail?'),
    fail: flags.has('fail'),
    handshake: flags.has('handshake'),
    noaddr: flags.has('noaddr'),
    linked: myself || link === 'connected',
    ...(!myself && Number(pong) > 0 && {pongAtMs: Number(pong)}),
    configEpoch,
    ...parseSlots(slotTokens, line),
  }
}

/** `10.0.0.1:7000@17000,db1.example` and `:7000@17000`; an IPv6 host stands without brackets. */
function parseWhere(where: string, line: string): {address: Address; busPort: number; hostname?: string} {
  const [endpoint = '', ...extras] = where.split(',')
  const match = /^(.*):(\d+)(?:@(\d+))?$/.exec(endpoint)
  if (!match) throw new RangeError(`no address in ${JSON.stringify(line.slice(0, 120))}`)
  const host = (match[1] as string).replace(/^\[|\]$/g, '')
  const port = Number(match[2])
  const hostname = extras[0] && !extras[0].includes('=') ? extras[0] : undefined
  return {
    address: {host, port},
    busPort: match[3] === undefined ? port + BUS_PORT_OFFSET : Number(match[3]),
    ...(hostname !== undefined && {hostname}),
  }
}

function parseSlots(tokens: readonly string[], line: string): Pick<NodeRecord, 'slots' | 'migrating' | 'importing'> {
  const slots: SlotRange[] = []
  const migrating = new Map<number, NodeId>()
  const importing = new Map<number, NodeId>()
  for (const token of tokens) {
    const open = /^\[(\d+)-([<>])-([0-9a-z]{40})\]$/.exec(token)
    const range = open ? undefined : /^(\d+)(?:-(\d+))?$/.exec(token)
    const first = Number((open ?? range)?.[1])
    const last = range?.[2] === undefined ? first : Number(range[2])
    if (!isSlot(first) || !isSlot(last) || last < first) {
      throw new RangeError(`not a slot: ${JSON.stringify(token)} in ${JSON.stringify(line.slice(0, 120))}`)
    }
    if (open) (open[2] === '>' ? migrating : importing).set(first, open[3] as NodeId)
    else slots.push({first, last})
  }
  return {slots, migrating, importing}
}

/** Reads `name:value` lines, as of CLUSTER INFO and INFO. `# Section` lines are skipped. */
export function parseInfo(text: string): Map<string, string> {
  const fields = new Map<string, string>()
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':')
    if (colon > 0 && !line.startsWith('#')) fields.set(line.slice(0, colon), line.slice(colon + 1).trim())
  }
  return fields
}
