import {keysInSlot} from '../client/migration/legacy.js'
import type {Wire, WireCommand} from '../client/migration/wire.js'
import {CliError} from '../kernel/errors.js'
import {renderAddress} from '../model/address.js'
import type {NodeView} from '../model/cluster-view.js'
import type {NodeId} from '../model/node-id.js'
import {parseRanges, slotsOf} from '../model/slot-set.js'
import {type BigKey, bigKeyBytes, judgeBigKeys, judgeFunctions} from '../plan/moves/move-verdict.js'
import type {MovePlan} from '../plan/moves/reshard-document.js'
import {type MoveMeans, type MoveRole, neededAt} from '../plan/permissions/move-permissions.js'
import {judgePermissions, type NodePermissions} from '../plan/permissions/permissions.js'
import {printableKey} from './migration/busy-keys.js'
import type {Transfer} from './migration/types.js'
import {type Surveyed, WirePool} from './migration/wires.js'
import type {PreparedMoves} from './move-cost.js'
import type {ObservedCluster} from './observe.js'
import {askPermissions, ruleSuggestions} from './permissions.js'
import {functionsIn} from './traits.js'

/** What is found out about a move right before it begins, at the nodes that take part. */
export interface MovePreflight {
  readonly warnings: readonly string[]
  /** PREFLIGHT_FAILED, naming nodes, user, commands and the rules to add; undefined if the move may begin. */
  readonly refusal?: CliError
}

/**
 * Looks whether a move can be carried through: permissions, memory, versions, functions, big keys. Changes nothing.
 *
 * @throws {CliError} UNREACHABLE, TIMED_OUT, AUTH_FAILED of a node that takes part
 */
export async function preflightMoves(
  cluster: ObservedCluster,
  {keysBySlot, plan, refusals, warnings}: PreparedMoves,
  transfer: Transfer,
): Promise<MovePreflight> {
  if (plan.steps.length === 0) return {warnings}
  const wires = new WirePool(cluster)
  try {
    const [permissions, libraries, bigKeys] = await Promise.all([
      permissionsOf(wires, plan, {means: meansOf(transfer), login: cluster.options.username}),
      librariesOf(wires, plan),
      bigKeysOf(wires, plan, keysBySlot),
    ])
    const refusal = refusalFor(refusals, permissions, transfer)
    return {
      warnings: [...warnings, ...judgeFunctions(cluster.view, plan, libraries), ...bigKeys],
      ...(refusal && {refusal}),
    }
  } finally {
    wires.close()
  }
}

/**
 * As `preflightMoves`, for a move that must begin now.
 *
 * @returns warnings
 * @throws {CliError} PREFLIGHT_FAILED too
 */
export async function requireReady(
  cluster: ObservedCluster,
  prepared: PreparedMoves,
  transfer: Transfer,
): Promise<readonly string[]> {
  const {refusal, warnings} = await preflightMoves(cluster, prepared, transfer)
  if (refusal) throw refusal
  return warnings
}

/**
 * Looks at what can be told before the move is: what its plan gives reason to refuse, and permissions.
 *
 * @throws {CliError} PREFLIGHT_FAILED, as `preflightMoves`
 */
export async function requireMovable(
  cluster: Surveyed,
  {plan, refusals}: Pick<PreparedMoves, 'plan' | 'refusals'>,
  transfer: Transfer,
): Promise<void> {
  const wires = new WirePool(cluster)
  try {
    const asked = {means: meansOf(transfer), login: cluster.options.username}
    const refusal = refusalFor(refusals, await permissionsOf(wires, plan, asked), transfer)
    if (refusal) throw refusal
  } finally {
    wires.close()
  }
}

/** Where nodes may choose, all of it may come to pass. */
function meansOf(transfer: Transfer): MoveMeans {
  return transfer === 'auto' ? 'copy' : transfer
}

function refusalFor(
  refusals: readonly string[],
  permissions: readonly NodePermissions[],
  transfer: Transfer,
): CliError | undefined {
  const denied = judgePermissions(permissions)
  const problems = [...denied.map(({message}) => message), ...refusals]
  if (problems.length === 0) return undefined
  const copyOnly = new Set(
    neededAt(new Set(['source', 'target']), 'copy').flatMap((each) => (each.copyOnly ? each.name : [])),
  )
  const byMigrate = transfer !== 'migrate' && denied.every(({commands}) => commands.every((name) => copyOnly.has(name)))
  return new CliError('PREFLIGHT_FAILED', `${problems.join('; ')}; nothing was changed`, {
    details: {problems, permissions: denied},
    suggestions: [
      ...ruleSuggestions(denied),
      ...(denied.length > 0 && byMigrate ? ['Or pass --transfer migrate, which needs less.'] : []),
      ...(refusals.some((text) => /maxmemory/.test(text))
        ? ['Raise maxmemory of the target, or move fewer slots.']
        : []),
    ],
  })
}

function rolesIn({steps}: MovePlan): Map<NodeId, Set<MoveRole>> {
  const roles = new Map<NodeId, Set<MoveRole>>()
  for (const {from, to} of steps) {
    roles.set(from, (roles.get(from) ?? new Set()).add('source'))
    roles.set(to, (roles.get(to) ?? new Set()).add('target'))
  }
  return roles
}

function permissionsOf(
  wires: WirePool,
  plan: MovePlan,
  {means, login = 'default'}: {means: MoveMeans; login: string | undefined},
): Promise<NodePermissions[]> {
  return Promise.all(
    [...rolesIn(plan)].map(async ([id, roles]) => {
      const {wire} = await wires.endpoint(id)
      const told = await askPermissions((commands) => wire.send(commands), neededAt(roles, means), login)
      return {node: {id, address: renderAddress(wires.node(id).address)}, ...told}
    }),
  )
}

async function librariesOf(wires: WirePool, plan: MovePlan): Promise<Map<NodeId, readonly string[]>> {
  const told = await Promise.all(
    [...rolesIn(plan).keys()].map(async (id) => {
      const {wire} = await wires.endpoint(id)
      const [reply] = await wire.send([['FUNCTION', 'LIST']])
      const libraries = functionsIn(reply, wires.node(id))
      return libraries ? [[id, [...libraries.keys()]] as const] : []
    }),
  )
  return new Map(told.flat())
}

/** Bounds on the search: keys looked at of each source, and of each slot; milliseconds. */
const KEYS_MAX = 10_000
const KEYS_PER_SLOT = 100
const SEARCH_MS = 1000
const KEYS_PER_WRITE = 256

/** Looks only where there is enough data for one big key; a sample if there are many keys, spread over the slots. */
async function bigKeysOf(
  wires: WirePool,
  {steps}: MovePlan,
  keysBySlot: ReadonlyMap<number, number>,
): Promise<string[]> {
  const sources = [...new Set(steps.map(({from}) => from))]
  const warnings = sources.map(async (id) => {
    const node = wires.node(id)
    const nodeTimeoutMs = await wires.nodeTimeoutMs(id)
    if (datasetBytes(node) < bigKeyBytes(nodeTimeoutMs)) return []
    const own = steps.filter(({from}) => from === id).flatMap(({slots}) => slotsOf(parseRanges(slots) ?? []))
    const {wire} = await wires.endpoint(id)
    const found = await findBigKeys(
      wire,
      own.filter((slot) => keysBySlot.get(slot) !== 0),
      bigKeyBytes(nodeTimeoutMs),
    )
    return judgeBigKeys(node, found, nodeTimeoutMs)
  })
  return (await Promise.all(warnings)).flat()
}

function datasetBytes({info}: NodeView): number {
  return Number(info.get('used_memory_dataset') ?? info.get('used_memory') ?? 0)
}

async function findBigKeys(wire: Wire, slots: readonly number[], bytesMin: number): Promise<BigKey[]> {
  const start = performance.now()
  const perSlot = Math.min(KEYS_PER_SLOT, Math.max(1, Math.ceil(KEYS_MAX / Math.max(1, slots.length))))
  const found: BigKey[] = []
  let looked = 0
  for (let at = 0; at < slots.length && looked < KEYS_MAX && performance.now() - start < SEARCH_MS; ) {
    const part = slots.slice(at, at + Math.max(1, Math.floor(KEYS_PER_WRITE / perSlot)))
    at += part.length
    const lists = await wire.send(part.map((slot) => keysInSlot(slot, perSlot)))
    const keys = lists.flatMap((list, index) =>
      Array.isArray(list) ? list.map((key) => ({key: String(key), slot: part[index] as number})) : [],
    )
    looked += keys.length
    const sizes = await wire.send(keys.map(({key}): WireCommand => ['MEMORY', 'USAGE', key]))
    for (const [index, {key, slot}] of keys.entries()) {
      const bytes = sizes[index]
      if (typeof bytes === 'number' && bytes >= bytesMin) found.push({key: printableKey(key), slot, bytes})
    }
  }
  return found
}
