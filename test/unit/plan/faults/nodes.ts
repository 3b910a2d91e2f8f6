import type {SelectableNode} from '../../../../src/lib/plan/faults/selector.js'

/** Three shards of two, as `up` makes them, the lowest slots not at the first node; in two regions. */
export const SIX: readonly SelectableNode[] = [
  {name: 'n1', region: 'eu', role: 'primary', slots: [{first: 5461, last: 10_922}]},
  {name: 'n2', region: 'us', role: 'primary', slots: [{first: 0, last: 5460}]},
  {name: 'n3', region: 'eu', role: 'primary', slots: [{first: 10_923, last: 16_383}]},
  {name: 'n4', region: 'us', replicaOf: 'n1', role: 'replica', slots: []},
  {name: 'n5', region: 'eu', replicaOf: 'n2', role: 'replica', slots: []},
  {name: 'n6', region: 'us', replicaOf: 'n3', role: 'replica', slots: []},
]
