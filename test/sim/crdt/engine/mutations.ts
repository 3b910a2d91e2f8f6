import type {CrdtCore, CrdtObserver, CrdtOptions, VectorEntries} from '../../../../src/lib/server/crdt/core/api.js'
import type {OwnOperation} from '../../../../src/lib/server/crdt/core/container.js'
import {ListElements} from '../../../../src/lib/server/crdt/core/containers/list-elements.js'
import {Counter} from '../../../../src/lib/server/crdt/core/counter.js'
import {actorOf} from '../../../../src/lib/server/crdt/core/dot.js'
import type {Engine} from '../../../../src/lib/server/crdt/core/engine.js'
import type {KeyState} from '../../../../src/lib/server/crdt/core/key-state.js'
import {Cell, countersOf, rowsOf} from '../../../../src/lib/server/crdt/core/register.js'
import {winningRow} from '../../../../src/lib/server/crdt/core/rows.js'
import {SetValue} from '../../../../src/lib/server/crdt/core/set-value.js'
import type {Slot} from '../../../../src/lib/server/crdt/core/slot.js'
import {CrdtState} from '../../../../src/lib/server/crdt/core/state.js'
import {StringValue} from '../../../../src/lib/server/crdt/core/string-value.js'
import {add} from '../../../../src/lib/server/crdt/core/total.js'

/**
 * Bugs planted around the engine to see whether the rules catch them (wire.md 8.2). The engine has no hook: a mutation
 * wraps it, or bends one of its parts until it is undone.
 */
export interface Mutation {
  readonly name: string
  /** Families of operations that it is looked for in. */
  readonly families: readonly string[]
  /** Changes an engine that was just made. */
  readonly wrap?: (core: CrdtState) => void
  /** Bends a class. @returns what straightens it again */
  readonly bend?: () => () => void
}

export function mutated({wrap}: Mutation): (options: CrdtOptions) => CrdtCore {
  return (options) => {
    const core = new CrdtState(options)
    wrap?.(core)
    return core
  }
}

function engineOf(core: CrdtState): Engine {
  return (core as unknown as {readonly engine: Engine}).engine
}

/** After whatever comes from elsewhere, every key passes through `change`. */
function afterwards(core: CrdtState, change: (state: KeyState, engine: Engine) => void): void {
  const engine = engineOf(core)
  const changeAll = (slot: Slot | undefined): void => {
    for (const key of slot?.keys.names() ?? []) {
      const state = (slot as Slot).open(key)
      change(state, engine)
      slot?.close(key, state)
    }
  }
  const apply = core.apply.bind(core)
  core.apply = (effect) => {
    const application = apply(effect)
    changeAll(engine.slots.get(core.headOf(effect).slot))
    return application
  }
  const join = core.joinSlot.bind(core)
  core.joinSlot = (slot, packed, isTrusted) => {
    const isNew = join(slot, packed, isTrusted)
    changeAll(engine.slots.get(slot))
    return isNew
  }
}

/** While something is taken in, the slot answers otherwise. */
function bendSlot(slot: Slot, bent: Partial<Pick<Slot, 'covers' | 'sequenceOf'>>, run: () => void): void {
  Object.assign(slot, bent)
  try {
    run()
  } finally {
    for (const name of Object.keys(bent)) delete (slot as unknown as Record<string, unknown>)[name]
  }
}

export const MUTATIONS: readonly Mutation[] = [
  {
    families: ['set'],
    name: 'no dependency test',
    wrap: (core) => {
      const apply = core.apply.bind(core)
      core.apply = (effect) => {
        const head = core.headOf(effect)
        const {actors, slots} = engineOf(core)
        const writer = actors.indexOf(head.actor.region, head.actor.epoch)
        const slot = slots.get(head.slot)
        let application = apply(effect)
        if (application !== 'early' || !slot) return application
        const sequenceOf = (actor: number): number => (actor === writer ? (slot.vector[actor] ?? 0) : Infinity)
        bendSlot(slot, {sequenceOf}, () => {
          application = apply(effect)
        })
        return application
      }
    },
  },
  {
    families: ['set', 'list'],
    name: 'an effect is applied again',
    wrap: (core) => {
      const apply = core.apply.bind(core)
      core.apply = (effect) => {
        const application = apply(effect)
        const {actor, sequence, slot: number} = core.headOf(effect)
        const slot = engineOf(core).slots.get(number)
        const index = engineOf(core).actors.indexOf(actor.region, actor.epoch)
        if (application !== 'known' || !slot) return application
        const last = slot.sequenceOf(index)
        slot.advance(index, sequence - 1)
        apply(effect)
        slot.advance(index, last)
        return application
      }
    },
  },
  {
    families: ['string'],
    name: 'losing siblings discarded at once',
    wrap: (core) =>
      afterwards(core, ({values}, {actors}) => {
        for (const value of values) {
          if (!(value instanceof StringValue) || rowsOf(value.register).length < 2) continue
          const winner = winningRow(rowsOf(value.register), actors)
          value.register = new Cell(winner ? [winner] : [], countersOf(value.register))
        }
      }),
  },
  {
    bend: () => {
      const {resetTo} = Counter.prototype
      Counter.prototype.resetTo = function (total, _at, by, ledger) {
        const before = this.reset
        if (!resetTo.call(this, total, this.at, by, ledger) || !before || !this.reset) return false
        this.reset = {...this.reset, total: add(before.total, total)}
        return true
      }
      return () => {
        Counter.prototype.resetTo = resetTo
      }
    },
    families: ['string'],
    name: 'DEL subtracts what it saw',
  },
  {
    bend: () => {
      const {resetTo} = Counter.prototype
      Counter.prototype.resetTo = function (total, at, by, ledger) {
        return actorOf(by) === this.actor ? false : resetTo.call(this, total, at, by, ledger)
      }
      return () => {
        Counter.prototype.resetTo = resetTo
      }
    },
    families: ['string', 'hash'],
    name: 'a reset leaves out what its own region added',
  },
  {
    families: ['set'],
    name: 'a promoted replica goes on with the same actor',
    wrap: (core) => {
      const become = core.become.bind(core)
      core.become = () => become(1)
    },
  },
  {
    families: ['string'],
    name: 'the larger region wins ties, in region 2 only',
    wrap: (core) => {
      if (core.region !== 2) return
      const {actors} = engineOf(core)
      const compareDots = actors.compareDots.bind(actors)
      actors.compareDots = (a, b) => compareDots(b, a)
    },
  },
  {
    families: ['string', 'list'],
    name: 'ties are decided by the numbers that actors have here',
    wrap: (core) => {
      engineOf(core).actors.compare = (a, b) => a - b
    },
  },
  {
    families: ['set', 'hash'],
    name: 'a join brings back what was removed here',
    wrap: (core) => {
      const join = core.joinSlot.bind(core)
      core.joinSlot = (number, packed, isTrusted) => {
        const slot = engineOf(core).slots.get(number)
        let isNew = false
        const run = (): void => {
          isNew = join(number, packed, isTrusted)
        }
        if (slot) bendSlot(slot, {covers: () => false}, run)
        else run()
        return isNew
      }
    },
  },
  {
    families: ['string'],
    name: 'deadlines are decided by the last writer',
    wrap: (core) =>
      afterwards(core, (state) => {
        const last = Math.max(...state.deadlines.map(({clock}) => clock))
        state.deadlines = state.deadlines.filter(({clock}) => clock === last)
      }),
  },
  {
    families: ['string', 'set', 'hash'],
    name: 'hidden types are dropped at once',
    wrap: (core) =>
      afterwards(core, (state, {actors}) => {
        const visible = state.visible(actors)
        state.values = state.values.filter((value) => value === visible || value.isEmpty)
      }),
  },
  {
    bend: () => {
      const {reset} = SetValue.prototype
      SetValue.prototype.reset = function (operation) {
        reset.call(this, Object.create(operation, {sees: {value: () => true}}) as OwnOperation)
      }
      return () => {
        SetValue.prototype.reset = reset
      }
    },
    families: ['set'],
    name: 'DEL drops what it did not see',
  },
  {
    bend: () => {
      const {removeBetween} = ListElements.prototype
      ListElements.prototype.removeBetween = function (first, last, seen, edits) {
        if (first !== last || this.length === 0) {
          removeBetween.call(this, first, last, seen, edits)
          return
        }
        const head = this.positionAt(this.cells.firstPlace())
        removeBetween.call(this, head, head, seen, edits)
      }
      return () => {
        ListElements.prototype.removeBetween = removeBetween
      }
    },
    families: ['list'],
    name: 'a pop takes the head instead of the element that was popped',
  },
  {
    families: ['string'],
    name: 'clocks of others are not heard',
    wrap: (core) => {
      engineOf(core).clock.heard = () => undefined
    },
  },
  {
    families: ['hll', 'stream'],
    name: 'marks are dropped before all regions have them',
    wrap: (core) => {
      const collect = core.collect.bind(core)
      core.collect = (slot: number, _stable: VectorEntries) => collect(slot, core.vectorOf(slot))
    },
  },
  {
    families: ['set', 'hash'],
    name: 'the observer is not told of all elements',
    wrap: (core) => {
      const engine = engineOf(core)
      Object.defineProperty(core, 'observer', {
        set: ({assigned, changed, published}: CrdtObserver) => {
          engine.observer = {
            assigned,
            changed: (slot, key, edits) => {
              const told = edits.map((edit) =>
                edit.kind === 'elements' ? {...edit, names: [...edit.names].slice(1)} : edit,
              )
              changed(slot, key, told)
            },
            published,
          }
        },
      })
    },
  },
]
