import {SLOT_COUNT} from '../model/slot-set.js'
import type {Node} from '../node/start-node.js'
import {BUS_PORT_OFFSET, type OpenedNode, openNode, type StartedNode} from './start-node.js'

export interface ClusterOptions {
  /** At least 1; the default is 3. */
  readonly primaries?: number
  readonly settings?: Readonly<Record<string, string>>
}

export interface StartedCluster {
  readonly nodes: readonly StartedNode[]
  stop(): Promise<void>
}

/**
 * Starts primaries that own all slots evenly, and resolves once every node agrees that the cluster is ok.
 *
 * @throws as `startNode`; whatever was started is stopped then
 */
export async function startCluster({primaries = 3, settings = {}}: ClusterOptions = {}): Promise<StartedCluster> {
  const opened: OpenedNode[] = []
  const stop = async (): Promise<void> => {
    await Promise.all(opened.map(({node}) => node.stop()))
  }
  try {
    for (let i = 0; i < primaries; i++) {
      opened.push(await openNode({settings: {...settings, 'cluster-enabled': 'yes'}}))
    }
    await formCluster(opened, primaries)
  } catch (error) {
    await stop()
    throw error
  }
  return {nodes: opened.map(({node}) => node), stop}
}

/**
 * Makes a cluster of nodes that know nobody: the first ones own all slots evenly, the others become their replicas in turn.
 * Resolves once every node agrees, and replicas have a copy. One node needs nobody to agree.
 */
export async function formCluster(opened: readonly OpenedNode[], primaryCount: number): Promise<void> {
  const primaries = opened.slice(0, primaryCount)
  const replicas = opened.slice(primaryCount)
  opened.forEach(({inner}, index) => {
    const {core, perform} = bindingOf(inner)
    perform(core.setConfigEpoch(index + 1))
    if (index >= primaryCount) return
    const first = Math.floor((index * SLOT_COUNT) / primaryCount)
    const end = Math.floor(((index + 1) * SLOT_COUNT) / primaryCount)
    perform(core.addSlots(Array.from({length: end - first}, (_, i) => first + i)))
  })
  const {core, perform} = bindingOf(opened[0]!.inner)
  for (const {node} of opened.slice(1)) perform(core.meet(node.host, node.port, node.port + BUS_PORT_OFFSET))
  await waitUntil(() => opened.every(({inner}) => isReady(inner, opened.length)))
  replicas.forEach(({inner}, index) => {
    const binding = bindingOf(inner)
    binding.perform(binding.core.replicate(bindingOf(primaries[index % primaryCount]!.inner).core.myself.id))
  })
  await waitUntil(() => replicas.every(({inner}) => inner.server.replication.link?.isUp ?? false))
}

function bindingOf({server}: Node) {
  const binding = server.cluster!
  return {core: binding.core, perform: (effects: Parameters<typeof binding.perform>[0]) => binding.perform(effects)}
}

function isReady(inner: Node, count: number): boolean {
  const {core} = bindingOf(inner)
  if (!core.stateOk || core.nodes.size !== count) return false
  for (let slot = 0; slot < SLOT_COUNT; slot++) if (core.ownerOf(slot) === undefined) return false
  return true
}

const READY_WITHIN_MS = 20_000
const POLL_MS = 5

async function waitUntil(isDone: () => boolean): Promise<void> {
  const deadlineMs = Date.now() + READY_WITHIN_MS
  while (!isDone()) {
    if (Date.now() > deadlineMs) throw new Error('the nodes did not agree on a cluster in time')
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}
