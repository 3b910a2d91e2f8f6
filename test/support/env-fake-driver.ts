import type {ClusterAccess, ClusterDriver, NodeFacts} from '../../src/lib/environment/cluster-driver.js'
import type {CliError} from '../../src/lib/kernel/errors.js'

const SLOT_COUNT = 16384

/** Speaks to nobody: the first so many addresses that it is shown are primaries, the others their replicas in turn. */
export class FakeDriver implements ClusterDriver {
  readonly calls: string[] = []
  /** Thrown by `settle`. */
  failing: CliError | undefined

  constructor(
    private readonly basePort: number,
    private readonly primaries: number,
  ) {}

  async form(): Promise<void> {
    this.calls.push('form')
  }

  async settle(): Promise<void> {
    this.calls.push('settle')
    if (this.failing) throw this.failing
  }

  async takeOver(): Promise<void> {
    this.calls.push('take over')
  }

  async describe({addresses}: ClusterAccess): Promise<NodeFacts[]> {
    this.calls.push('describe')
    const share = Math.floor(SLOT_COUNT / this.primaries)
    return addresses.map((address): NodeFacts => {
      const index = address.port - this.basePort
      if (index < this.primaries) {
        const last = index === this.primaries - 1 ? SLOT_COUNT - 1 : (index + 1) * share - 1
        return {address, role: 'primary', slots: [{first: index * share, last}], state: 'ok'}
      }
      const primary = {...address, port: this.basePort + (index % this.primaries)}
      return {address, link: 'up', primary, role: 'replica', slots: [], state: 'ok'}
    })
  }
}
