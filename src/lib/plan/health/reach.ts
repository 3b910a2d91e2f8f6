import {renderAddress} from '../../model/address.js'
import {findNode, isBlankReplica, nameNode, replicasOf} from '../../model/cluster-map.js'
import type {ClusterView, NodeRecord} from '../../model/cluster-view.js'
import {shortId} from '../../model/node-id.js'
import {hasMajority} from '../failover.js'
import {type Finding, finding, list, plural} from '../finding.js'
import {accusersOf, type Known, named} from './known.js'

/** Who is failed, suspected, silent, cut off, or known by no address: whom the nodes and this process can reach. */
export function checkReach(view: ClusterView, known: Known): Finding[] {
  return [
    ...checkFailures(view, known),
    ...checkAddresses(view, known),
    ...checkHandshakes(view, known),
    ...checkLinks(view, known),
  ]
}

function checkFailures(view: ClusterView, known: Known): Finding[] {
  const unreachable = new Map(view.unreachable.flatMap((node) => (node.id ? [[node.id, node] as const] : [])))
  const failed = accusersOf(view, ({fail}) => fail)
  const suspected = accusersOf(view, ({pfail}) => pfail)
  const findings: Finding[] = []
  for (const [id, record] of known) {
    const accusers = failed.get(id)
    const doubters = suspected.get(id)
    const reason = unreachable.get(id)?.reason
    const what = `${record.role} ${nameNode(record)}`
    if (accusers) {
      const also = reason === undefined ? '' : `; from here: ${reason}`
      const text = `${what} is marked as failed by ${plural(accusers.length, 'node')}${also}.`
      findings.push(finding('node-failed', 'error', [record], text, {suggestion: wayOn(view, record)}))
    } else if (reason !== undefined && /\bLOADING\b/.test(reason)) {
      const suggestion = 'Wait until it has loaded; its log tells how far it is.'
      findings.push(finding('node-unreachable', 'error', [record], `${what} is loading its data.`, {suggestion}))
    } else if (reason !== undefined) {
      findings.push(
        finding('node-unreachable', 'error', [record], `${what} does not answer: ${reason}.`, {
          suggestion: /password/.test(reason)
            ? 'Give the password that all nodes share by SHOAL_PASSWORD, --askpass or --password.'
            : doubters
              ? wayOn(view, record)
              : 'If the node announces an address that is not reachable from here, pass --address-map FROM=TO.',
        }),
      )
    }
    if (doubters && !accusers) {
      const text = `${what} is suspected to have failed by ${list(doubters.map((by) => named(known, by)))}.`
      findings.push(
        finding('node-suspected', 'warning', [record], text, {suggestion: `shoal check ${renderAddress(view.seed)}`}),
      )
    }
  }
  return findings
}

/** A dead owner of slots is replaced by a replica of its own; any other is removed. */
function wayOn(view: ClusterView, {id, slots}: NodeRecord): string {
  const heir = replicasOf(view).find(({node, own}) => own.primaryId === id && !isBlankReplica(node))
  const mode = hasMajority(view) ? '--force' : '--takeover'
  if (heir) return `Start it again, or: shoal failover ${renderAddress(heir.node.address)} ${mode}`
  if (slots.length > 0) return 'Start it again; nobody else has its keys.'
  return `Start it again, or: shoal del-node ${renderAddress(view.seed)} ${id}`
}

/**
 * Nodes that others know by id alone. Nobody pings them, so they never count as failed: if one is gone, its slots have no
 * server while the cluster reports ok.
 */
function checkAddresses(view: ClusterView, known: Known): Finding[] {
  return [...accusersOf(view, ({handshake, noaddr}) => noaddr && !handshake)].map(([id, by]) => {
    const record = known.get(id) as NodeRecord
    const alive = findNode(view, id)
    const who = alive ? nameNode(alive) : `node ${shortId(id)}`
    const observers = list(by.map((observer) => named(known, observer)))
    const slots = alive ? [] : record.slots
    const owner = slots.length > 0 ? ' It owns slots that nobody serves.' : ''
    return finding(
      'node-without-address',
      slots.length > 0 ? 'error' : 'warning',
      [record],
      `${observers} ${by.length === 1 ? 'knows' : 'know'} no address of ${who}.${owner}`,
      {
        slots,
        suggestion: alive
          ? `CLUSTER MEET ${alive.address.host} ${alive.address.port} on ${observers}.`
          : slots.length > 0
            ? forget(view, known, id)
            : `If it is gone: shoal del-node ${renderAddress(view.seed)} ${id}`,
      },
    )
  })
}

/** Introductions that nobody has answered. The id is made up until then, and differs from node to node. */
function checkHandshakes(view: ClusterView, known: Known): Finding[] {
  const byAddress = new Map<string, {record: NodeRecord; by: NodeRecord['id'][]}>()
  for (const {id: by, records} of view.nodes) {
    for (const record of records.filter(({handshake}) => handshake)) {
      const key = `${renderAddress(record.address)} ${record.busPort}`
      const entry = byAddress.get(key) ?? {record, by: []}
      byAddress.set(key, {record: entry.record, by: [...entry.by, by]})
    }
  }
  return [...byAddress.values()].map(({record, by}) => {
    const where = renderAddress(record.address)
    const observers = list([...new Set(by)].map((observer) => named(known, observer)))
    const text = `${observers} ${new Set(by).size === 1 ? 'waits' : 'wait'} for ${where} to answer an introduction.`
    return finding('node-in-handshake', 'warning', [record], text, {
      suggestion:
        `Check that bus port ${record.busPort} of ${record.address.host} is open to those nodes; ` +
        'if nothing is to be there, remove what introduces it: CLUSTER FORGET on every node that lists its id.',
    })
  })
}

/** A node that still lists the id brings it back to those who forgot it, unless they forget within a minute. */
function forget(view: ClusterView, known: Known, id: NodeRecord['id']): string {
  const listing = view.nodes.filter(({records}) => records.some((record) => record.id === id))
  return `If it is gone, within a minute: CLUSTER FORGET ${id} on ${list(listing.map((node) => named(known, node.id)))}.`
}

function checkLinks(view: ClusterView, known: Known): Finding[] {
  const failing = new Set([...accusersOf(view, ({fail, pfail, noaddr}) => fail || pfail || noaddr).keys()])
  const cut = accusersOf(view, ({linked, handshake}) => !linked && !handshake)
  return [...cut].flatMap(([id, by]) => {
    const record = known.get(id)
    if (!record || failing.has(id)) return []
    const observers = list(by.map((observer) => named(known, observer)))
    return [
      finding('link-down', 'warning', [record], `${observers} hold no bus link to ${nameNode(record)}.`, {
        suggestion: `Check that bus port ${record.busPort} of ${record.address.host} is open to those nodes.`,
      }),
    ]
  })
}
