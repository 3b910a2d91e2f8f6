import {peerAddress} from '../../engine/engine.js'
import {assert} from '../../kernel/assert.js'
import {CliError} from '../../kernel/errors.js'
import type {Address} from '../../model/address.js'
import {renderAddress} from '../../model/address.js'
import {lastingFaults} from '../faults/record.js'
import {withEnvironmentLock} from '../lock.js'
import {openEnvironment} from '../open.js'
import {accessOf, type EnvironmentParts} from '../parts.js'
import {NODES_MAX, nodesOf} from '../spec.js'
import {startStopped} from '../start.js'
import type {EnvironmentState} from '../store.js'
import type {Moved, ScaleDriver} from './driver.js'
import {newNode} from './new-node.js'
import {nextScaleStep, type ScaleMember, type ScaleStep, type ScaleTarget} from './next-step.js'

export interface ScaleResult extends ScaleTarget {
  readonly environment: string
  /** Names of nodes. */
  readonly added: readonly string[]
  readonly removed: readonly string[]
  readonly slotsMoved: number
  readonly keysMoved: number
}

const GRACE_MS = 10_000
/** More than any way from one size to another takes. */
const STEPS_MAX = 10 * NODES_MAX

/**
 * Makes the cluster of an environment larger or smaller while it serves. The state file lists each node before it starts and
 * until it is gone, and says that this is under way: whoever calls again goes on, also after a kill -9.
 *
 * @param request - what is left out stays as it is, or as the interrupted call wanted it
 * @throws {CliError} BAD_FLAG, NOT_FOUND, CLUSTER_UNHEALTHY, LOCKED, INTERRUPTED, PLAN_PARTIAL
 */
export async function scaleEnvironment(
  parts: EnvironmentParts,
  scaler: ScaleDriver,
  name: string,
  request: Partial<ScaleTarget>,
  signal: AbortSignal,
  onProgress: (text: string) => void = () => undefined,
): Promise<ScaleResult> {
  await openEnvironment(parts.store, name)
  return withEnvironmentLock(parts.store, name, signal, async (lockedSignal) => {
    const state = await openEnvironment(parts.store, name)
    const target = targetOf(state, request)
    return new Scaling(parts, scaler, state, target, lockedSignal, onProgress).run().catch((error) => {
      throw resumable(error, name, target)
    })
  })
}

/** What was cut short is gone on with by `scale`, which knows of more than the move of slots that `resume` would finish. */
function resumable(error: unknown, name: string, {primaries, replicas}: ScaleTarget): unknown {
  if (!(error instanceof CliError && ['INTERRUPTED', 'PLAN_PARTIAL'].includes(error.code))) return error
  const {code, details, message} = error
  const suggestions = [`shoal scale --primaries ${primaries} --replicas ${replicas} --name ${name}`]
  return new CliError(code, message, {cause: error, details, suggestions})
}

function targetOf(state: EnvironmentState, request: Partial<ScaleTarget>): ScaleTarget {
  const {scaling, spec} = state
  const again = `shoal heal --all --name ${spec.name}`
  if (spec.topology === 'crdb') {
    throw new CliError(
      'BAD_FLAG',
      `environment ${spec.name} has participating clusters: a database has the shards it was made with`,
      {
        suggestions: ['shoal crdb create --name OTHER --shards-count 3 ...'],
      },
    )
  }
  if (spec.topology !== 'cluster') {
    throw new CliError('BAD_FLAG', `environment ${spec.name} is no cluster: it has no slots to spread`, {
      suggestions: [`shoal up --name OTHER --primaries ${request.primaries ?? 3}`],
    })
  }
  if (lastingFaults(state, Date.now()).length > 0) {
    throw new CliError('CLUSTER_UNHEALTHY', `faults are in force in environment ${spec.name}`, {suggestions: [again]})
  }
  const primaries = request.primaries ?? scaling?.primaries ?? spec.primaries
  const replicas = request.replicas ?? scaling?.replicas ?? spec.replicas
  if (primaries < 1 || replicas < 0 || primaries * (1 + replicas) > NODES_MAX) {
    throw new CliError('BAD_FLAG', `an environment cannot have ${primaries} primaries with ${replicas} replicas each`, {
      suggestions: [`It has 1 to ${NODES_MAX} nodes.`, `shoal scale --primaries 4 --replicas 1 --name ${spec.name}`],
    })
  }
  return {primaries, replicas}
}

class Scaling {
  private readonly added = new Set<string>()
  private readonly removed: string[] = []
  private moved: Moved = {keys: 0, slots: 0}

  constructor(
    private readonly parts: EnvironmentParts,
    private readonly scaler: ScaleDriver,
    private state: EnvironmentState,
    private readonly target: ScaleTarget,
    private readonly signal: AbortSignal,
    private readonly onProgress: (text: string) => void,
  ) {}

  async run(): Promise<ScaleResult> {
    const {onProgress, parts, scaler, signal, state, target} = this
    const job = state.scaling?.job
    await this.write({...state, scaling: {...target, ...(job !== undefined && {job})}})
    this.state = (await startStopped(parts, this.state, this.names(), signal, onProgress)).state
    let members = await this.members()
    await this.settle(members)
    if (job !== undefined) {
      onProgress('finishing the move of slots that was cut short')
      this.count(await scaler.resume(accessOf(this.state), this.addressOf(requireOwner(members)), job, signal))
      await this.write({...this.state, scaling: target})
      members = await this.members()
    }
    for (let count = 0; ; count++) {
      assert(count < STEPS_MAX, 'scaling goes round in circles')
      const step = nextScaleStep(this.names(), members, target)
      if (!step) break
      if (signal.aborted) throw new CliError('INTERRUPTED', 'interrupted')
      await this.carryOut(step, members)
      members = await this.members()
    }
    onProgress('waiting until all nodes agree')
    await parts.driver.settle(accessOf(this.state), signal)
    await this.finish(await this.members())
    const {keys, slots} = this.moved
    const added = this.names().filter((each) => this.added.has(each))
    return {...target, added, environment: state.spec.name, keysMoved: keys, removed: this.removed, slotsMoved: slots}
  }

  private async carryOut(step: ScaleStep, members: readonly ScaleMember[]): Promise<void> {
    const {onProgress, scaler, signal} = this
    const access = accessOf(this.state)
    switch (step.kind) {
      case 'start':
        return this.start()
      case 'join': {
        const {node, replicaOf} = step
        onProgress(`${node} joins${replicaOf === undefined ? '' : ` as a replica of ${replicaOf}`}`)
        const primary = replicaOf === undefined ? undefined : this.addressOf(replicaOf)
        const seed = this.addressOf(replicaOf ?? requireOwner(members))
        return scaler.join(access, seed, this.addressOf(node), primary, signal)
      }
      case 'spread': {
        onProgress(`moving slots to ${step.owners.join(', ')}`)
        const job = scaler.newJob()
        await this.write({...this.state, scaling: {...this.target, job}})
        const owners = step.owners.map((name) => this.addressOf(name))
        this.count(await scaler.spread(access, owners, job, signal))
        return this.write({...this.state, scaling: this.target})
      }
      case 'follow':
        onProgress(`${step.replica} becomes a replica of ${step.primary}`)
        return scaler.follow(access, this.addressOf(step.replica), this.addressOf(step.primary), signal)
      case 'remove':
        onProgress(`${step.node} leaves`)
        return scaler.remove(access, this.addressOf(step.seed), this.addressOf(step.node), signal)
      case 'retire':
        return this.retire(step.node)
    }
  }

  private async start(): Promise<void> {
    const {onProgress, parts, signal, state} = this
    const node = await newNode(parts.store, state)
    await this.write({...state, spec: {...state.spec, nodes: [...state.spec.nodes, node]}})
    this.state = (await startStopped(parts, this.state, [node.name], signal, onProgress)).state
    this.added.add(node.name)
  }

  /** Its name is not given again: what it kept lies in its folder until `down`. */
  private async retire(name: string): Promise<void> {
    const {engines} = this.parts
    const {retired = [], spec} = this.state
    const engine = engines.of(spec.engine)
    this.onProgress(`stopping ${name}`)
    const refs = (await engine.list(spec.name)).filter((ref) => ref.name === name)
    await Promise.all(refs.map((ref) => engine.stop(ref, GRACE_MS)))
    const nodes = spec.nodes.filter((node) => node.name !== name)
    await this.write({...this.state, retired: [...retired, name], spec: {...spec, nodes}})
    if (!this.added.delete(name)) this.removed.push(name)
  }

  /** Who is whose replica now is how it began, as far as the state file can know. */
  private async finish(members: readonly ScaleMember[]): Promise<void> {
    const {scaling: _scaling, ...rest} = this.state
    const {primaries, replicas} = this.target
    const nodes = rest.spec.nodes.map(({replicaOf: _before, ...node}) => {
      const replicaOf = members.find(({name}) => name === node.name)?.replicaOf
      return {...node, ...(replicaOf !== undefined && {replicaOf})}
    })
    await this.write({...rest, spec: {...rest.spec, nodes, primaries, replicas}})
  }

  private async members(): Promise<ScaleMember[]> {
    const nameAt = new Map(this.specs().map((node) => [renderAddress(peerAddress(node)), node.name]))
    const found = await this.scaler.members(accessOf(this.state), this.signal)
    return found.map(({address, replicaOf, role, slotCount}) => {
      const name = nameAt.get(address)
      if (name === undefined) {
        throw new CliError('CLUSTER_UNHEALTHY', `${address} is in the cluster, and is no node of this environment`, {
          suggestions: [`shoal del-node ${this.state.spec.nodes[0]?.port} ${address}`],
        })
      }
      const primary = replicaOf === undefined ? undefined : (nameAt.get(replicaOf) ?? replicaOf)
      return {name, role, slotCount, ...(primary !== undefined && {replicaOf: primary})}
    })
  }

  private async settle(members: readonly ScaleMember[]): Promise<void> {
    const access = accessOf(this.state)
    const addresses = members.map(({name}) => this.addressOf(name))
    await this.parts.driver.settle({...access, addresses}, this.signal)
  }

  private async write(state: EnvironmentState): Promise<void> {
    await this.parts.store.write(state)
    this.state = state
  }

  private count({keys, slots}: Moved): void {
    this.moved = {keys: this.moved.keys + keys, slots: this.moved.slots + slots}
  }

  private specs() {
    return nodesOf(this.state.spec, this.state.peerHosts)
  }

  private names(): string[] {
    return this.state.spec.nodes.map(({name}) => name)
  }

  private addressOf(name: string): Address {
    const node = this.specs().find((spec) => spec.name === name)
    assert(node !== undefined, `there is no node ${name}`)
    return peerAddress(node)
  }
}

/** A node to begin with, which stays. */
function requireOwner(members: readonly ScaleMember[]): string {
  const owner = members.find(({slotCount}) => slotCount > 0)
  if (owner) return owner.name
  throw new CliError('CLUSTER_UNHEALTHY', 'no node of the environment owns slots')
}
