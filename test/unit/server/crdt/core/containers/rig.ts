import {ActorTable} from '../../../../../../src/lib/server/crdt/core/actors.js'
import type {Dot} from '../../../../../../src/lib/server/crdt/core/api.js'
import type {
  ContainerType,
  EditSink,
  Ledger,
  OwnOperation,
  SubValue,
} from '../../../../../../src/lib/server/crdt/core/container.js'
import {Decoder} from '../../../../../../src/lib/server/crdt/core/decoder.js'
import {Digest} from '../../../../../../src/lib/server/crdt/core/digest.js'
import {actorOf, dotOf, sequenceOf} from '../../../../../../src/lib/server/crdt/core/dot.js'
import {Encoder} from '../../../../../../src/lib/server/crdt/core/encoder.js'

type Named = readonly [region: number, sequence: number]

interface Step {
  /** A reset, if one was written. */
  readonly kind: 'operation' | 'told-reset' | 'reset'
  readonly bytes: string
}

export interface Effect {
  readonly region: number
  readonly sequence: number
  readonly clock: number
  readonly seen: readonly Named[]
  /** Regions in the order in which bytes name them. */
  readonly table: readonly number[]
  readonly steps: readonly Step[]
}

export interface State {
  readonly table: readonly number[]
  readonly vector: readonly Named[]
  readonly bytes: string
}

/** What a projection makes of the edits of a list. */
class Shown implements EditSink {
  list: string[] = []
  isAll = false
  readonly names: string[] = []
  edits = 0

  all(): void {
    this.isAll = true
  }

  element(name: string): void {
    this.names.push(name)
  }

  insert(index: number, values: readonly string[]): void {
    this.edits++
    this.list.splice(index, 0, ...values)
  }

  replace(index: number, value: string): void {
    this.edits++
    this.list[index] = value
  }

  remove(index: number, count: number): void {
    this.edits++
    this.list.splice(index, count)
  }

  entry(id: string): void {
    this.names.push(id)
  }

  group(name: string): void {
    this.names.push(name)
  }
}

/** One key of one slot at one region, and the effects that it knows, in the order in which they came. Epochs are 7. */
export class Replica<V extends SubValue> {
  readonly actors = new ActorTable()
  readonly log: Effect[] = []
  readonly vector: number[] = []
  readonly ledger: Ledger = {bytes: 0, garbage: 0}
  readonly shown = new Shown()
  value: V
  clock = 0

  constructor(
    readonly type: ContainerType,
    readonly region: number,
  ) {
    this.actors.indexOf(region, 7)
    this.value = type.make() as V
  }

  covers(dot: Dot): boolean {
    return sequenceOf(dot) <= (this.vector[actorOf(dot)] ?? 0)
  }

  private index(region: number): number {
    return this.actors.indexOf(region, 7)
  }

  private table(): {regions: number[]; places: number[]} {
    const places = Array.from({length: this.actors.size}, (_, i) => this.actors.size - 1 - i)
    return {places, regions: places.map((_, place) => this.actors.regionOf(places.indexOf(place)))}
  }

  /** Operations of one effect; undefined resets. Nothing is sent by that. */
  write(...changes: (((value: V, operation: OwnOperation) => void) | undefined)[]): Effect {
    const {places, regions} = this.table()
    const actor = this.index(this.region)
    const sequence = (this.vector[actor] ?? 0) + 1
    const dot = dotOf(actor, sequence)
    const first = this.clock + 1
    const seen: Named[] = this.named()
    const steps = changes.map((change, i): Step => {
      const out = new Encoder()
      out.places = places
      this.clock++
      const operation: OwnOperation = {
        actor,
        actors: this.actors,
        clock: first + i,
        dot,
        edits: undefined,
        ledger: this.ledger,
        out,
        sees: () => true,
        sequence,
      }
      if (change !== undefined) {
        change(this.value, operation)
        return {bytes: out.take(), kind: 'operation'}
      }
      const isTold = this.value.resetOwn(operation)
      return {bytes: out.take(), kind: isTold ? 'told-reset' : 'reset'}
    })
    this.vector[actor] = sequence
    const effect = {clock: first, region: this.region, seen, sequence, steps, table: regions}
    this.log.push(effect)
    this.shown.list = [...this.value.elements()]
    return effect
  }

  private named(): Named[] {
    return [...this.vector.entries()].map(([actor, sequence]) => [this.actors.regionOf(actor), sequence ?? 0] as const)
  }

  knows({region, sequence}: Effect): boolean {
    return (this.vector[this.index(region)] ?? 0) >= sequence
  }

  apply(effect: Effect): void {
    if (this.knows(effect)) return
    const {clock, region, seen, sequence, steps, table} = effect
    for (const [other, known] of seen) {
      if ((this.vector[this.index(other)] ?? 0) < known) throw new Error('out of order')
    }
    const actor = this.index(region)
    const dot = dotOf(actor, sequence)
    const context = new Map(seen.map(([other, known]) => [this.index(other), known]))
    const actors = table.map((other) => this.index(other))
    const {edits} = {edits: this.shown}
    steps.forEach(({bytes, kind}, i) => {
      const sees = (other: Dot) => other === dot || sequenceOf(other) <= (context.get(actorOf(other)) ?? 0)
      const operation = {
        actor,
        actors: this.actors,
        clock: clock + i,
        dot,
        edits,
        ledger: this.ledger,
        sees,
        sequence,
      }
      const decoder = new Decoder(bytes)
      decoder.actors = actors
      if (kind !== 'operation') this.value.reset(operation, kind === 'told-reset' ? decoder : undefined)
      else if (bytes !== '') {
        const checked = new Decoder(bytes)
        checked.actors = actors
        this.type.checkOperation(checked.byte(), checked)
        if (!checked.isAtEnd) throw new Error('not all was read')
        this.value.applyOperation(decoder.byte(), decoder, operation)
        if (!decoder.isAtEnd) throw new Error('not all was applied')
      }
    })
    this.vector[actor] = sequence
    this.clock = Math.max(this.clock, clock + steps.length - 1)
    this.log.push(effect)
    this.look()
  }

  /** Effects that the other knows. */
  pull(other: Replica<V>): void {
    for (const effect of other.log) this.apply(effect)
  }

  state(): State {
    const {places, regions} = this.table()
    const out = new Encoder()
    out.places = places
    this.value.pack(out)
    return {bytes: out.take(), table: regions, vector: this.named()}
  }

  /** @param log - what the other knows, so that it can be handed on */
  join(state: State | undefined, vector: readonly Named[], log: readonly Effect[]): void {
    const theirs = new Map(vector.map(([region, sequence]) => [this.index(region), sequence]))
    let other: V | undefined
    if (state !== undefined) {
      const decoder = new Decoder(state.bytes)
      decoder.actors = state.table.map((region) => this.index(region))
      other = this.type.unpack(decoder, {bytes: 0, garbage: 0}) as V
      if (!decoder.isAtEnd) throw new Error('not all was read')
      if (other.isBlank) other = undefined
    }
    this.value.join(other, {
      actors: this.actors,
      edits: this.shown,
      ledger: this.ledger,
      mineCovers: (dot) => this.covers(dot),
      theirsCovers: (dot) => sequenceOf(dot) <= (theirs.get(actorOf(dot)) ?? 0),
    })
    const before = [...this.log]
    for (const effect of log) {
      if (this.knows(effect)) continue
      before.push(effect)
      this.clock = Math.max(this.clock, effect.clock + effect.steps.length - 1)
    }
    this.log.splice(0, this.log.length, ...before)
    for (const [actor, sequence] of theirs) {
      while (this.vector.length < actor) this.vector.push(0)
      this.vector[actor] = Math.max(this.vector[actor] ?? 0, sequence)
    }
    this.look()
  }

  joinAll(other: Replica<V>): void {
    const state = other.state()
    this.join(state, state.vector, [...other.log])
  }

  private look(): void {
    if (!this.shown.isAll) return
    this.shown.isAll = false
    this.shown.list = [...this.value.elements()]
  }

  /** As if all regions knew what this one does. */
  collect(): number {
    const {actors, ledger} = this
    return this.value.collect((dot) => this.covers(dot), {actors, edits: undefined, ledger})
  }

  digest(): string {
    const digest = new Digest()
    this.value.digest(digest, this.actors)
    return digest.toString()
  }
}

/** Everybody learns all. */
export function settle<V extends SubValue>(replicas: readonly Replica<V>[]): void {
  for (const replica of replicas) for (const other of replicas) replica.pull(other)
  for (const replica of replicas) for (const other of replicas) replica.pull(other)
}
