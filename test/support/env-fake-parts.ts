import type {Engines} from '../../src/lib/engine/engines.js'
import type {ClusterAccess, ClusterDriver, NodeFacts} from '../../src/lib/environment/cluster-driver.js'
import {HOST} from '../../src/lib/environment/spec.js'
import {EnvironmentStore} from '../../src/lib/environment/store.js'
import type {Address} from '../../src/lib/model/address.js'
import {renderAddress} from '../../src/lib/model/address.js'
import {FakeEngine} from './env-fake-engine.js'

/** Nodes of a `FakeEngine` as a cluster: who was planned a replica is one, until it takes over. Keeps what it was asked. */
export class FakeClusterDriver implements ClusterDriver {
  readonly calls: string[] = []
  private readonly promoted = new Set<string>()

  constructor(private readonly engine: FakeEngine) {}

  async form(): Promise<void> {
    this.calls.push('form')
  }

  async settle(): Promise<void> {
    this.calls.push('settle')
  }

  async takeOver(_access: ClusterAccess, replica: Address): Promise<void> {
    const found = [...this.engine.nodes.values()].find(({spec}) => spec.address.port === replica.port)
    this.promoted.add(renderAddress(replica))
    this.calls.push(`take over ${found?.spec.name}`)
  }

  /** The first half are the primaries, the others a replica each, in order. */
  async describe({addresses}: ClusterAccess): Promise<NodeFacts[]> {
    const half = Math.ceil(addresses.length / 2)
    const ports = new Set((await this.engine.list()).flatMap(({address, paused}) => (paused ? [] : [address?.port])))
    return addresses.flatMap((address, index): NodeFacts[] => {
      if (!ports.has(address.port)) return []
      const shard = index % half
      const slots = [{first: Math.ceil((shard * 16384) / half), last: Math.ceil(((shard + 1) * 16384) / half) - 1}]
      const other = addresses[index < half ? index + half : shard] as Address
      const isPrimary =
        index < half ? !this.promoted.has(renderAddress(other)) : this.promoted.has(renderAddress(address))
      if (isPrimary) return [{address, offset: 1, role: 'primary', slots, state: 'ok'}]
      return [
        {address, link: 'up', offset: 1, primary: {...other, host: HOST}, role: 'replica', slots: [], state: 'ok'},
      ]
    })
  }
}

export interface FakeParts {
  readonly engine: FakeEngine
  readonly driver: FakeClusterDriver
  readonly engines: Engines
  readonly store: EnvironmentStore
}

export function fakeParts(stateFolder: string): FakeParts {
  const engine = new FakeEngine()
  return {
    driver: new FakeClusterDriver(engine),
    engine,
    engines: {all: [engine], of: () => engine},
    store: new EnvironmentStore(stateFolder),
  }
}
