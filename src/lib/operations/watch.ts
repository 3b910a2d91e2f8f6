import {pause, throwIfAborted} from '../client/abort.js'
import {type ConnectOptions, mapAddress} from '../client/connect-options.js'
import {CliError, messageOf} from '../kernel/errors.js'
import {type Address, renderAddress} from '../model/address.js'
import {ownRecord} from '../model/cluster-map.js'
import type {Sample} from '../model/cluster-reading.js'
import type {ClusterView} from '../model/cluster-view.js'
import {ObservedCluster, observeCluster} from './observe.js'

/** What came of one look. */
export interface Look {
  /** Undefined if no node answered. */
  readonly sample?: Sample
  /** Why not. */
  readonly failure?: string
  /** Whom the cluster is seen through from now on, if that is another than before. */
  readonly newSeed?: string
}

/**
 * Looks at a cluster again and again. When the node it is seen through is gone, any other that was ever seen will do; when
 * none answers, the next look tries them all again. Closing is the owner's duty.
 */
export class ClusterWatcher {
  private readonly known = new Map<string, {readonly address: Address; readonly hostname: string | undefined}>()

  private constructor(
    private cluster: ObservedCluster,
    private readonly options: ConnectOptions,
  ) {
    this.remember(cluster.view)
  }

  /** @throws {CliError} UNREACHABLE, TIMED_OUT, AUTH_FAILED or NOT_CLUSTER_MODE if the seed does not answer as it should */
  static async start(seed: Address, options: ConnectOptions, signal?: AbortSignal): Promise<ClusterWatcher> {
    return new ClusterWatcher(await observeCluster(seed, options, signal), options)
  }

  /** Never throws but for the operator: @throws {CliError} INTERRUPTED */
  async look(signal?: AbortSignal): Promise<Look> {
    try {
      const sample = await this.sampleOf(this.cluster, signal)
      if (this.seedIsIn(sample.view)) return {sample}
    } catch (error) {
      throwIfAborted(signal)
      return this.lookThroughAnother(messageOf(error), signal)
    }
    // Others let the cluster be seen all the same; who watches is to know that it is through them.
    return this.lookThroughAnother('the seed does not answer', signal)
  }

  private seedIsIn({nodes}: ClusterView): boolean {
    const seed = renderAddress(mapAddress(this.cluster.seed, this.options.addressMap))
    return nodes.some(({address}) => renderAddress(address) === seed)
  }

  /**
   * The looks, one each `intervalMs`, or as fast as the nodes answer if that takes longer.
   *
   * @throws {CliError} INTERRUPTED
   */
  async *looks(intervalMs: number, signal?: AbortSignal): AsyncGenerator<Look, never> {
    for (let due = performance.now(); ; ) {
      yield await this.look(signal)
      due = Math.max(due + intervalMs, performance.now())
      await pause(due - performance.now(), signal)
    }
  }

  close(): void {
    this.cluster.close()
  }

  private async sampleOf(cluster: ObservedCluster, signal: AbortSignal | undefined): Promise<Sample> {
    const view = await cluster.observe(signal)
    this.remember(view)
    return {view, atMs: performance.now()}
  }

  private remember({nodes}: ClusterView): void {
    for (const node of nodes) {
      const {address, hostname} = ownRecord(node) ?? {address: node.address, hostname: undefined}
      this.known.set(renderAddress(address), {address, hostname})
    }
  }

  /** All known nodes are asked at the same time; the first that answers is the one to go on by. */
  private async lookThroughAnother(failure: string, signal: AbortSignal | undefined): Promise<Look> {
    const lost = renderAddress(this.cluster.seed)
    const attempts = [...this.known.values()]
      .filter(({address}) => renderAddress(address) !== lost)
      .map(async ({address, hostname}) => {
        const cluster = new ObservedCluster(address, this.options, [], hostname)
        try {
          return {cluster, sample: await this.sampleOf(cluster, signal)}
        } catch (error) {
          cluster.close()
          throw error
        }
      })
    const [first] = await Promise.allSettled([Promise.any(attempts)])
    for (const attempt of attempts) {
      attempt.then(
        ({cluster}) => {
          if (first?.status !== 'fulfilled' || cluster !== first.value.cluster) cluster.close()
        },
        () => undefined,
      )
    }
    throwIfAborted(signal)
    if (first?.status !== 'fulfilled') return {failure}
    this.cluster.close()
    this.cluster = first.value.cluster
    return {sample: first.value.sample, newSeed: renderAddress(this.cluster.seed)}
  }
}

/** @throws {CliError} UNREACHABLE if no node answered */
export function requireSample({failure, sample}: Look): Sample {
  if (sample) return sample
  throw new CliError('UNREACHABLE', `no node of the cluster answers: ${failure ?? 'all are gone'}`)
}
