/** A node of the environment that is a member of the cluster, by its name. */
export interface ScaleMember {
  readonly name: string
  readonly role: 'primary' | 'replica'
  readonly slotCount: number
  /** Of a replica: the name of the primary that it follows. */
  readonly replicaOf?: string
}

export interface ScaleTarget {
  readonly primaries: number
  /** Of each primary. */
  readonly replicas: number
}

export type ScaleStep =
  /** One more node for the environment. */
  | {readonly kind: 'start'}
  | {readonly kind: 'join'; readonly node: string; readonly replicaOf?: string}
  /** These own all slots, evenly. */
  | {readonly kind: 'spread'; readonly owners: readonly string[]}
  | {readonly kind: 'follow'; readonly replica: string; readonly primary: string}
  /** Leaves the cluster; `seed` stays. */
  | {readonly kind: 'remove'; readonly node: string; readonly seed: string}
  /** Is no member, and no longer a node of the environment. */
  | {readonly kind: 'retire'; readonly node: string}

/**
 * What brings a cluster nearer to so many primaries and replicas. It depends on nothing but what is there, so that who was
 * interrupted goes on where it was: first more primaries, then slots, then fewer primaries, then replicas.
 *
 * @param nodes - names of all nodes of the environment, in its order
 * @param members - those that are in the cluster
 * @returns undefined once all is as it should be
 */
export function nextScaleStep(
  nodes: readonly string[],
  members: readonly ScaleMember[],
  {primaries: wanted, replicas: each}: ScaleTarget,
): ScaleStep | undefined {
  const inOrder = nodes.flatMap((name) => members.find((member) => member.name === name) ?? [])
  const outsiders = nodes.filter((name) => !members.some((member) => member.name === name))
  const [outsider] = outsiders
  // Who has slots stays: of those that were emptied already, none is filled again.
  const primaries = inOrder
    .filter(({role}) => role === 'primary')
    .sort((a, b) => Number(b.slotCount > 0) - Number(a.slotCount > 0))
  if (primaries.length < wanted) return outsider === undefined ? {kind: 'start'} : {kind: 'join', node: outsider}
  const owners = primaries.slice(0, wanted)
  const extra = primaries.slice(wanted)
  if (owners.some(({slotCount}) => slotCount === 0) || extra.some(({slotCount}) => slotCount > 0)) {
    return {kind: 'spread', owners: owners.map(({name}) => name)}
  }
  const seed = owners[0]?.name as string
  const last = extra.at(-1)
  if (last) return {kind: 'remove', node: last.name, seed}
  return (
    replicaStep(owners, inOrder, {each, outsider, seed}) ??
    (outsider === undefined ? undefined : {kind: 'retire', node: outsider})
  )
}

interface ReplicaRequest {
  readonly each: number
  readonly outsider: string | undefined
  readonly seed: string
}

function replicaStep(
  owners: readonly ScaleMember[],
  inOrder: readonly ScaleMember[],
  {each, outsider, seed}: ReplicaRequest,
): ScaleStep | undefined {
  const replicas = inOrder.filter(({role}) => role === 'replica')
  const shards = owners.map(({name}) => ({
    name,
    replicas: replicas.filter(({replicaOf}) => replicaOf === name).map((replica) => replica.name),
  }))
  const byCount = [...shards].sort((a, b) => a.replicas.length - b.replicas.length)
  const [poorest] = byCount
  const richest = byCount.at(-1)
  const surplus = richest?.replicas.at(-1)
  const lost = replicas.find(({replicaOf}) => !owners.some(({name}) => name === replicaOf))
  if (replicas.length > owners.length * each) {
    return {kind: 'remove', node: lost?.name ?? (surplus as string), seed}
  }
  if (!poorest || poorest.replicas.length >= each) return undefined
  if (lost) return {kind: 'follow', primary: poorest.name, replica: lost.name}
  if (surplus !== undefined && richest && richest.replicas.length > each)
    return {kind: 'follow', primary: poorest.name, replica: surplus}
  return outsider === undefined ? {kind: 'start'} : {kind: 'join', node: outsider, replicaOf: poorest.name}
}
