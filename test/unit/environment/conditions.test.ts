import {describe, expect, it} from 'vitest'
import {CONDITIONS, type Situation, type SituationNode} from '../../../src/lib/environment/conditions.js'
import type {FaultRecord} from '../../../src/lib/environment/faults/record.js'
import {planEnvironment} from '../../../src/lib/environment/spec.js'

const address = {host: '127.0.0.1', port: 1}
const SHARES = [
  {first: 0, last: 5460},
  {first: 5461, last: 10_922},
  {first: 10_923, last: 16_383},
]

function primary(name: string, shard: number, state = 'ok'): SituationNode {
  return {
    facts: {address, role: 'primary', slots: [SHARES[shard] as (typeof SHARES)[number]], state},
    name,
    state: 'running',
  }
}
const replica = (name: string, link: 'down' | 'up' = 'up'): SituationNode => ({
  facts: {address, link, role: 'replica', slots: [], state: 'ok'},
  name,
  state: 'running',
})
const stopped = (name: string): SituationNode => ({name, state: 'stopped'})

/** Cuts n1 off from all others. */
const cut: FaultRecord = {
  appliedAtMs: 0,
  id: 'f1',
  kind: 'partition',
  rules: ['n2', 'n3', 'n4'].flatMap((other) => [
    {effect: {kind: 'drop'} as const, from: 'n1', to: other},
    {effect: {kind: 'drop'} as const, from: other, to: 'n1'},
  ]),
  text: 'n1 / n2,n3,n4',
}

const holds = (
  condition: keyof typeof CONDITIONS,
  nodes: readonly SituationNode[],
  faults: readonly FaultRecord[] = [],
) => {
  const situation: Situation = {faults, nodes, spec: planEnvironment({name: 'x'})}
  return CONDITIONS[condition](situation).length === 0
}

const whole = [primary('n1', 0), primary('n2', 1), primary('n3', 2), replica('n4')]
const others = [primary('n2', 1), primary('n3', 2)]

describe('conditions to wait for', () => {
  it('all hold where all is well', () => {
    for (const name of Object.keys(CONDITIONS) as (keyof typeof CONDITIONS)[])
      expect([name, holds(name, whole)]).toEqual([name, true])
  })

  it.each<[string, SituationNode[], FaultRecord[], [ok: boolean, failover: boolean, synced: boolean, healed: boolean]]>(
    [
      ['a primary is gone', [stopped('n1'), ...others, replica('n4', 'down')], [], [false, false, false, false]],
      ['its replica took over', [stopped('n1'), ...others, primary('n4', 0)], [], [true, true, true, false]],
      ['a primary is cut off, and nobody knows yet', whole, [cut], [true, false, true, false]],
      [
        'a primary is cut off, and its replica took over',
        [primary('n1', 0, 'fail'), ...others, primary('n4', 0)],
        [cut],
        [false, true, true, false],
      ],
      [
        'it is back, and claims its slots',
        [primary('n1', 0), ...others, primary('n4', 0)],
        [],
        [true, true, true, false],
      ],
      [
        'a node does not answer',
        [{name: 'n1', state: 'running'}, ...others, primary('n4', 0)],
        [],
        [false, true, false, false],
      ],
      [
        'a paused primary was replaced',
        [{name: 'n1', state: 'paused'}, ...others, primary('n4', 0)],
        [],
        [true, true, true, false],
      ],
      ['no node runs', [stopped('n1')], [], [false, false, false, false]],
    ],
  )('%s', (_what, nodes, faults, expected) => {
    const found = (['cluster-ok', 'failover', 'replicas-synced', 'healed'] as const).map((name) =>
      holds(name, nodes, faults),
    )
    expect(found).toEqual(expected)
  })
})
