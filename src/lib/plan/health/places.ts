import {nameNode, primariesOf} from '../../model/cluster-map.js'
import type {ClusterView, NodeRecord} from '../../model/cluster-view.js'
import type {NodeId} from '../../model/node-id.js'
import {type Finding, finding, list, plural} from '../finding.js'
import {type ZoneLabels, zoneOf} from '../zone.js'
import type {Known} from './known.js'

/** What goes down together: shards on one host, shards in one zone, most primaries in one place. */
export function checkPlaces(view: ClusterView, known: Known, labels: ZoneLabels | undefined): Finding[] {
  const hostOf = hostsSeen(view)
  const host = ({address, id}: NodeRecord) => hostOf.get(id) ?? address.host
  const zones = new Map(view.nodes.map((node) => [node.id, zoneOf(node, labels)]))
  const zone = ({id}: NodeRecord) => zones.get(id)
  const shards = [...groupBy(known.values(), ({id, primaryId, role}) => (role === 'replica' ? primaryId : id)).values()]
  return [...checkHosts(known, shards, host), ...checkZones(known, shards, zone), ...checkMajority(view, host, zone)]
}

type PlaceOf = (record: NodeRecord) => string | undefined

/** Hosts are told apart by the addresses the nodes know each other by, whatever the operator typed for the seed. */
function hostsSeen(view: ClusterView): ReadonlyMap<NodeId, string> {
  const hostOf = new Map<NodeId, string>()
  for (const {records} of view.nodes)
    for (const {id, address, myself} of records) if (!myself) hostOf.set(id, address.host)
  return hostOf
}

/** Those without a key are in no group. */
function groupBy(records: Iterable<NodeRecord>, keyOf: PlaceOf): Map<string, NodeRecord[]> {
  const groups = new Map<string, NodeRecord[]>()
  for (const record of records) {
    const key = keyOf(record)
    if (key) groups.set(key, [...(groups.get(key) ?? []), record])
  }
  return groups
}

function checkHosts(known: Known, shards: readonly NodeRecord[][], host: PlaceOf): Finding[] {
  const [only, ...otherHosts] = groupBy(known.values(), host).keys()
  if (otherHosts.length === 0 && known.size > 1) {
    return [finding('shard-on-one-host', 'notice', [], `All nodes are on one host, ${only}.`)]
  }
  return shards.flatMap((members) =>
    [...groupBy(members, host)].flatMap(([where, together]) => {
      if (together.length < 2) return []
      const text = `${list(together.map(nameNode))} are one shard on one host, ${where}.`
      return [
        finding('shard-on-one-host', 'warning', together, text, {suggestion: 'Move one of them to another host.'}),
      ]
    }),
  )
}

/** A shard may have more members than there are zones, so only one that is in a single zone is worth a word. */
function checkZones(known: Known, shards: readonly NodeRecord[][], zone: PlaceOf): Finding[] {
  const [only, ...otherZones] = groupBy(known.values(), zone).keys()
  if (only === undefined) return []
  if (otherZones.length === 0) {
    const unlabelled = [...known.values()].some((record) => zone(record) === undefined)
    if (unlabelled || known.size < 2) return []
    return [finding('shard-in-one-zone', 'notice', [], `All nodes are in one zone, ${only}.`)]
  }
  return shards.flatMap((members) => {
    const where = members[0] && zone(members[0])
    if (members.length < 2 || where === undefined || members.some((record) => zone(record) !== where)) return []
    const text = `${list(members.map(nameNode))} are a whole shard in one zone, ${where}.`
    return [finding('shard-in-one-zone', 'warning', members, text, {suggestion: 'Move one of them to another zone.'})]
  })
}

/** Most primaries must be left to vote for a replica. */
function checkMajority(view: ClusterView, host: PlaceOf, zone: PlaceOf): Finding[] {
  const voters = primariesOf(view)
    .filter(({own}) => own.slots.length > 0)
    .map(({node, own}) => ({...own, address: node.address}))
  const found = (kind: string, placeOf: PlaceOf): Finding[] => {
    const places = [...groupBy(voters, placeOf)]
    if (places.length < 2) return []
    return places
      .filter(([, members]) => members.length * 2 >= voters.length)
      .map(([where, members]) => {
        const text =
          `${plural(members.length, 'owner')} of slots out of ${voters.length} are on one ${kind}, ${where}: ` +
          'without it nobody is left to vote, and nothing fails over.'
        const suggestion = `Let replicas elsewhere take over, until each ${kind} has fewer than half: shoal failover REPLICA`
        return finding('majority-in-one-place', 'notice', members, text, {suggestion})
      })
  }
  return voters.length < 3 ? [] : [...found('host', host), ...found('zone', zone)]
}
