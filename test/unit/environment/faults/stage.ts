import {join} from 'node:path'
import type {Engines} from '../../../../src/lib/engine/engines.js'
import type {FaultRequest} from '../../../../src/lib/environment/faults/make.js'
import {EnvironmentStore} from '../../../../src/lib/environment/store.js'
import {bringUp} from '../../../../src/lib/environment/up.js'
import {FakeDriver} from '../../../support/env-fake-driver.js'
import {FakeEngine} from '../../../support/env-fake-engine.js'
import {claimPorts} from '../../../support/ports.js'
import {temporaryFolder} from '../../../support/processes.js'

export interface Stage {
  readonly engine: FakeEngine
  readonly parts: {readonly driver: FakeDriver; readonly engines: Engines; readonly store: EnvironmentStore}
}

export const never = () => new AbortController().signal

/** The environment `blue`, n1 to n3 primaries and n4 to n6 their replicas, in two regions, on an engine in memory. */
export async function raiseStage(): Promise<Stage> {
  const basePort = await claimPorts(6)
  const engine = new FakeEngine()
  const store = new EnvironmentStore(join(temporaryFolder('faults'), 'state'))
  const parts = {driver: new FakeDriver(basePort, 3), engines: {all: [engine], of: () => engine}, store}
  await bringUp(parts, {basePort, name: 'blue', regions: ['eu', 'us']}, never())
  return {engine, parts}
}

export async function lowerStage({engine}: Stage): Promise<void> {
  for (const node of await engine.list()) await engine.stop(node)
}

/** Without more said: n1 and n2 against the rest. */
export function requestOf(more: Partial<FaultRequest> = {}): FaultRequest {
  return {
    add: false,
    keep: false,
    name: 'blue',
    seed: 1,
    shuffled: false,
    wish: {kind: 'partition', mode: 'drop', partition: {groups: ['n1,n2'], kind: 'groups'}},
    ...more,
  }
}

export const apart = (...groups: string[]): Pick<FaultRequest, 'wish'> => ({
  wish: {kind: 'partition', mode: 'drop', partition: {groups, kind: 'groups'}},
})
