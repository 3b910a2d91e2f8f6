import type {CrdtDatabase} from '../../../../src/lib/server/crdt/crdt-database.js'
import {Durability} from '../../../../src/lib/server/crdt/durability/durability.js'
import {Acknowledgements} from '../../../../src/lib/server/crdt/peers/acknowledgements.js'
import {Comparisons} from '../../../../src/lib/server/crdt/peers/comparisons.js'
import {Stability} from '../../../../src/lib/server/crdt/peers/stability.js'
import {Projection} from '../../../../src/lib/server/crdt/projection/projection.js'

/** A bug planted in what stands around the engine. `bend` returns what straightens it again. */
export interface SystemMutation {
  readonly name: string
  readonly bend: () => () => void
}

function replace<T extends object, K extends keyof T>(target: T, name: K, make: (before: T[K]) => T[K]): () => void {
  const before = target[name]
  target[name] = make(before)
  return () => {
    target[name] = before
  }
}

export const SYSTEM_MUTATIONS: readonly SystemMutation[] = [
  {
    bend: () => replace(Stability.prototype as unknown as {hasAllOf: () => boolean}, 'hasAllOf', () => () => true),
    name: 'marks are dropped while effects are on their way that did not see them',
  },
  {
    bend: () => replace(Acknowledgements.prototype as unknown as {isKept: () => boolean}, 'isKept', () => () => true),
    name: 'a deletion is acknowledged before the replicas have it',
  },
  {
    bend: () => replace(Comparisons.prototype, 'answer', () => () => ({differing: [], undecided: []})),
    name: 'a comparison finds nothing',
  },
  {
    bend: () =>
      replace(
        Durability.prototype,
        'becomeNew',
        () =>
          function (this: Durability) {
            // As if a promotion went by the config epoch of its region's first primary.
            ;(this as unknown as {readonly crdt: CrdtDatabase}).crdt.core.become(1)
          },
      ),
    name: 'a promoted replica writes under the name of the primary before it',
  },
  {
    bend: () =>
      replace(
        Projection.prototype,
        'changed',
        (before) =>
          function (this: Projection, slot, key, edits) {
            before.call(
              this,
              slot,
              key,
              edits.filter(({kind}) => kind !== 'deadline'),
            )
          },
      ),
    name: 'deadlines of others do not come to the data',
  },
]
