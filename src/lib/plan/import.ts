import {CliError} from '../kernel/errors.js'
import {nameNode, primariesOf} from '../model/cluster-map.js'
import type {ClusterView} from '../model/cluster-view.js'
import {countSlots, SLOT_COUNT} from '../model/slot-set.js'
import {versionOf} from './health/traits.js'
import {takesPayloads} from './moves/payload-versions.js'

/** What a server that keys are taken from says of itself. */
export interface SourceFacts {
  /** HOST:PORT */
  readonly address: string
  readonly version: string
  /** Of what its DUMP gives; undefined if it is not known. */
  readonly payloadVersion: number | undefined
  /** Changes with every start of the server. */
  readonly runId: string
  readonly clusterMode: boolean
  readonly role: 'primary' | 'replica'
  readonly loading: boolean
  /**
   * How its keys stand to those of its primary: `partial` before it has them all for the first time or while it gets them
   * anew, `old` if it has lost the primary since. A primary has its own.
   */
  readonly copy: 'whole' | 'old' | 'partial'
  /** Libraries of functions; 0 before Redis 7.0, which has none. */
  readonly libraryCount: number
  /** Database -> keys in it; those without keys are left out. */
  readonly databases: ReadonlyMap<number, number>
  /** What all its keys take in memory. */
  readonly datasetBytes: number
}

export interface ImportRequest {
  readonly database: number
  /** Delete at the source what arrived. */
  readonly move: boolean
  /** Functions are brought as well. */
  readonly functions: boolean
  /** Keys of the source that an earlier run has brought. */
  readonly keysBrought: number
}

/** A primary that gets a share of the keys, by its share of the slots. */
export interface ImportTarget {
  readonly id: string
  readonly address: string
  readonly slotCount: number
  /** Of what is still to be brought. */
  readonly expectedBytes: number
  /** Below maxmemory; absent if there is no limit. */
  readonly freeBytes?: number
  /** What it does when memory runs out: `noeviction` stops the import, all others drop keys. */
  readonly policy: string
}

/** What an import will do; part of the `--json` document. */
export interface ImportPlan {
  readonly source: {readonly address: string; readonly version: string; readonly database: number}
  readonly keyCount: number
  /** About what they take in memory. */
  readonly bytes: number
  /** Databases that are not imported though they hold keys. */
  readonly otherDatabases: readonly {readonly database: number; readonly keyCount: number}[]
  readonly move: boolean
  readonly targets: readonly ImportTarget[]
  readonly warnings: readonly string[]
}

/**
 * What importing one database of a source means for a cluster.
 *
 * @param view - healthy
 * @throws {CliError} SAME_NODE if the source is a node of the cluster; PREFLIGHT_FAILED if keys cannot be taken from it
 */
export function planImport(view: ClusterView, source: SourceFacts, request: ImportRequest): ImportPlan {
  requireUsable(view, source, request)
  const keyCount = source.databases.get(request.database) ?? 0
  if (keyCount > 0) requireUnderstood(view, source)
  const allKeys = [...source.databases.values()].reduce((sum, keys) => sum + keys, 0)
  const bytes = allKeys === 0 ? 0 : Math.round((source.datasetBytes * keyCount) / allKeys)
  const left = keyCount === 0 ? 0 : Math.max(0, 1 - request.keysBrought / keyCount)
  const targets = targetsOf(view, bytes * left)
  const otherDatabases = [...source.databases]
    .filter(([database]) => database !== request.database)
    .map(([database, keys]) => ({database, keyCount: keys}))
  return {
    source: {address: source.address, version: source.version, database: request.database},
    keyCount,
    bytes,
    otherDatabases,
    move: request.move,
    targets,
    warnings: warningsOf(source, request, otherDatabases, targets),
  }
}

/**
 * A full node refuses keys halfway, or drops keys of others: neither is found out by trying.
 *
 * @throws {CliError} PREFLIGHT_FAILED naming the primaries that have no room for their share
 */
export function requireRoom({targets}: ImportPlan): void {
  const full = targets.filter(hasNoRoom)
  if (full.length === 0) return
  const text = full.map(
    ({address, expectedBytes, freeBytes, policy}) =>
      `${address} has ${freeBytes} bytes left below maxmemory for about ${expectedBytes}, with ${policy}`,
  )
  throw new CliError('PREFLIGHT_FAILED', `there is no room for the keys: ${text.join('; ')}`, {
    details: {targets: full},
    suggestions: [
      'Raise maxmemory or add nodes; --ignore-memory goes on all the same.',
      ...(full.some(({policy}) => policy !== 'noeviction')
        ? ['A node with an eviction policy makes room by dropping keys.']
        : []),
    ],
  })
}

function hasNoRoom({expectedBytes, freeBytes}: ImportTarget): boolean {
  return freeBytes !== undefined && expectedBytes > freeBytes
}

function requireUsable(view: ClusterView, source: SourceFacts, {move}: ImportRequest): void {
  const {address, clusterMode, copy, loading, role, runId} = source
  const same = view.nodes.find(({info}) => runId !== '' && info.get('run_id') === runId)
  if (same) throw new CliError('SAME_NODE', `the source ${address} is ${nameNode(same)}, a node of the cluster itself`)
  if (clusterMode) {
    throw new CliError('PREFLIGHT_FAILED', `the source ${address} runs in cluster mode`, {
      suggestions: [
        'Keys are imported from a server that is not in cluster mode.',
        `shoal backup ${address} DIR, then shoal restore SEED DIR, copies a whole cluster.`,
      ],
    })
  }
  if (loading) {
    throw new CliError('PREFLIGHT_FAILED', `the source ${address} is still loading its keys`, {
      suggestions: ['Run the same command again once it has loaded.'],
    })
  }
  if (copy === 'partial') {
    throw new CliError(
      'PREFLIGHT_FAILED',
      `the source ${address} is a replica that has not got all keys of its primary`,
      {
        suggestions: ['Run the same command again once its master_link_status is up, or name its primary.'],
      },
    )
  }
  if (move && role === 'replica') {
    throw new CliError('PREFLIGHT_FAILED', `the source ${address} is a replica, from which nothing can be deleted`, {
      suggestions: ['Move from its primary, or copy without --move.'],
    })
  }
}

/** The first key of a slot of theirs would stop the import, wherever it is by then. */
function requireUnderstood(view: ClusterView, {address, payloadVersion, version}: SourceFacts): void {
  const targets = primariesOf(view).filter(({own}) => own.slots.length > 0)
  const older = targets.filter(({node}) => takesPayloads(node, payloadVersion) === false)
  if (older.length === 0) return
  const names = older.map(({node}) => `${nameNode(node)} (${versionOf(node)})`).join(', ')
  throw new CliError(
    'PREFLIGHT_FAILED',
    `${names} does not understand keys of the source ${address}, which runs ${version}`,
    {
      details: {nodes: older.map(({node}) => node.id)},
      suggestions: ['Upgrade the cluster first.'],
    },
  )
}

function targetsOf(view: ClusterView, bytes: number): ImportTarget[] {
  return primariesOf(view).flatMap(({node, own}) => {
    const slotCount = countSlots(own.slots)
    if (slotCount === 0) return []
    const limit = Number(node.info.get('maxmemory') ?? 0)
    const used = Number(node.info.get('used_memory') ?? 0)
    return [
      {
        id: node.id,
        address: nameNode(node),
        slotCount,
        expectedBytes: Math.round((bytes * slotCount) / SLOT_COUNT),
        ...(limit > 0 && {freeBytes: Math.max(0, limit - used)}),
        policy: node.info.get('maxmemory_policy') ?? 'noeviction',
      },
    ]
  })
}

function warningsOf(
  {address, copy, libraryCount, role}: SourceFacts,
  {functions}: ImportRequest,
  others: ImportPlan['otherDatabases'],
  targets: readonly ImportTarget[],
): string[] {
  const warnings: string[] = []
  if (others.length > 0) {
    const text = others.map(({database, keyCount}) => `${keyCount} in database ${database}`).join(', ')
    warnings.push(`${address} holds further keys that are not imported: ${text} (--from-db takes another database)`)
  }
  if (libraryCount > 0 && !functions) {
    const what = libraryCount === 1 ? '1 library' : `${libraryCount} libraries`
    warnings.push(`${address} holds ${what} of functions, not imported (--functions brings them too)`)
  }
  if (copy === 'old') warnings.push(`${address} is a replica that has lost its primary: its keys may be old`)
  else if (role === 'replica') warnings.push(`${address} is a replica: what it has not heard of yet is not imported`)
  for (const target of targets.filter(hasNoRoom)) {
    warnings.push(
      `${target.address} has ${target.freeBytes} bytes left below maxmemory for about ${target.expectedBytes}`,
    )
  }
  return warnings
}
