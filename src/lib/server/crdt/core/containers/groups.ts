import {compareIds, formatId, type StreamId} from '../../../../protocol/stream-id.js'
import type {ActorTable} from '../actors.js'
import type {Dot, ElementExplanation} from '../api.js'
import type {Birth, Join} from '../container.js'
import type {Decoder} from '../decoder.js'
import type {Digest} from '../digest.js'
import type {Encoder} from '../encoder.js'
import {earlier} from '../register.js'
import {decodeEntryId, encodeEntryId} from './entry-id.js'
import {explainWrite} from './explain-write.js'
import {type Covers, isOutdated, Marks} from './marks.js'
import {packMarks, unpackMarks} from './marks-codec.js'

/** What a group that is there has, each joined by itself: the earliest creation, the latest ids. */
interface State {
  readonly birth: Birth
  readonly lastId: StreamId
  readonly acknowledgedId: StreamId | undefined
}

interface Group {
  readonly destroyed: Marks
  /** Good as long as its writers saw all of `destroyed` and all deletions of the key. */
  state: State | undefined
}

const GROUP_BYTES = 400
const NO_GROUP: Group = {destroyed: new Marks(), state: undefined}

/** Groups of a stream. A deletion of the group, or of the key, wins over whatever did not see it. */
export class Groups {
  private readonly byName = new Map<string, Group>()
  /** Deletions of the key: of all groups, also of those that nobody here heard of yet. */
  private readonly deleted = new Marks()

  get bytes(): number {
    return this.byName.size * GROUP_BYTES
  }

  get garbage(): number {
    let count = this.deleted.size
    for (const {destroyed} of this.byName.values()) count += destroyed.size
    return count
  }

  get isBlank(): boolean {
    return this.byName.size === 0 && this.deleted.size === 0
  }

  /** Of those that are there. */
  *names(): Generator<string> {
    for (const [name, {state}] of this.byName) if (state !== undefined) yield name
  }

  get count(): number {
    let count = 0
    for (const {state} of this.byName.values()) if (state !== undefined) count++
    return count
  }

  has(name: string): boolean {
    return this.byName.get(name)?.state !== undefined
  }

  /** Where a reader that comes from elsewhere goes on; undefined: there is no such group. */
  lastIdOf(name: string): StreamId | undefined {
    const state = this.byName.get(name)?.state
    return state && later(state.acknowledgedId, state.lastId)
  }

  acknowledgedIdOf(name: string): StreamId | undefined {
    return this.byName.get(name)?.state?.acknowledgedId
  }

  private groupOf(name: string): Group {
    let group = this.byName.get(name)
    if (group === undefined) {
      group = {destroyed: new Marks(), state: undefined}
      this.byName.set(name, group)
    }
    return group
  }

  private mayWrite(name: string, sees: Covers): boolean {
    return this.deleted.areSeen(sees) && (this.byName.get(name)?.destroyed.areSeen(sees) ?? true)
  }

  /** @returns whether anything changed */
  create(name: string, lastId: StreamId, birth: Birth, sees: Covers, actors: ActorTable): boolean {
    if (!this.mayWrite(name, sees)) return false
    return this.raise(this.groupOf(name), {acknowledgedId: undefined, birth, lastId}, actors)
  }

  acknowledge(name: string, id: StreamId, sees: Covers): boolean {
    const group = this.byName.get(name)
    if (group?.state === undefined || !this.mayWrite(name, sees)) return false
    const acknowledgedId = later(group.state.acknowledgedId, id)
    if (acknowledgedId === group.state.acknowledgedId) return false
    group.state = {...group.state, acknowledgedId}
    return true
  }

  private raise(group: Group, by: State, actors: ActorTable): boolean {
    const {state} = group
    if (state === undefined) {
      group.state = by
      return true
    }
    const joined = {
      acknowledgedId: by.acknowledgedId && later(state.acknowledgedId, by.acknowledgedId),
      birth: earlier(state.birth, by.birth, actors)!,
      lastId: later(state.lastId, by.lastId),
    }
    joined.acknowledgedId ??= state.acknowledgedId
    group.state = joined
    return joined.lastId !== state.lastId || joined.acknowledgedId !== state.acknowledgedId
  }

  /** @returns whether it was there */
  destroy(name: string, dot: Dot): boolean {
    const group = this.groupOf(name)
    const wasThere = group.state !== undefined
    group.destroyed.add(dot)
    group.state = undefined
    return wasThere
  }

  /** The key was deleted: none is left. @returns those that were there */
  destroyAll(dot: Dot): string[] {
    const names = [...this.names()]
    this.deleted.add(dot)
    for (const group of this.byName.values()) group.state = undefined
    this.tidy()
    return names
  }

  /** @returns the names of those that changed */
  join(other: Groups, join: Join): string[] {
    const mineCovers = (dot: Dot) => join.mineCovers(dot)
    const theirsCovers = (dot: Dot) => join.theirsCovers(dot)
    const isMineGood = other.deleted.areSeen(mineCovers)
    const isTheirsGood = this.deleted.areSeen(theirsCovers)
    const changed: string[] = []
    for (const name of new Set([...this.byName.keys(), ...other.byName.keys()])) {
      const mine = this.groupOf(name)
      const {destroyed, state} = other.byName.get(name) ?? NO_GROUP
      const before = mine.state
      const takes =
        isTheirsGood &&
        mine.destroyed.areSeen(theirsCovers) &&
        !isOutdated(state?.birth, before?.birth, mineCovers, join.actors)
      const stays =
        isMineGood &&
        destroyed.areSeen(mineCovers) &&
        !isOutdated(before?.birth, state?.birth, theirsCovers, join.actors)
      if (!stays) mine.state = undefined
      if (state !== undefined && takes) this.raise(mine, state, join.actors)
      for (const dot of destroyed) mine.destroyed.add(dot)
      if (!isSame(before, mine.state)) changed.push(name)
    }
    for (const dot of other.deleted) this.deleted.add(dot)
    this.tidy()
    return changed
  }

  collect(isStable: Covers): number {
    let count = this.deleted.collect(isStable)
    for (const {destroyed} of this.byName.values()) count += destroyed.collect(isStable)
    this.tidy()
    return count
  }

  private tidy(): void {
    for (const [name, {destroyed, state}] of this.byName) {
      if (state === undefined && destroyed.size === 0) this.byName.delete(name)
    }
  }

  birth(actors: ActorTable): Birth | undefined {
    let birth: Birth | undefined
    for (const {state} of this.byName.values()) birth = earlier(birth, state?.birth, actors)
    return birth
  }

  pack(out: Encoder): void {
    packMarks(this.deleted, out)
    out.varint(this.byName.size)
    for (const [name, {destroyed, state}] of this.byName) {
      out.text(name)
      packMarks(destroyed, out)
      out.byte(state === undefined ? 0 : state.acknowledgedId === undefined ? 1 : 2)
      if (state === undefined) continue
      out.varint(state.birth.clock)
      out.dot(state.birth.dot)
      encodeEntryId(out, state.lastId)
      if (state.acknowledgedId !== undefined) encodeEntryId(out, state.acknowledgedId)
    }
  }

  /** @throws CrdtError */
  static unpack(decoder: Decoder): Groups {
    const groups = new Groups()
    unpackMarks(groups.deleted, decoder)
    for (let left = decoder.count(); left > 0; left--) {
      const group = groups.groupOf(decoder.text())
      unpackMarks(group.destroyed, decoder)
      const kind = decoder.byte()
      if (kind > 2) decoder.fail('has a group of unknown kind')
      if (kind === 0) continue
      const birth = {clock: decoder.varint(), dot: decoder.dot()}
      const lastId = decodeEntryId(decoder)
      group.state = {acknowledgedId: kind === 2 ? decodeEntryId(decoder) : undefined, birth, lastId}
    }
    return groups
  }

  digest(kind: number, digest: Digest, actors: ActorTable): void {
    for (const [name, {state}] of this.byName) {
      if (state === undefined) continue
      digest.begin(kind).text(name).number(state.birth.clock)
      actors.digestDot(state.birth.dot, digest)
      digest.text(formatId(state.lastId))
      if (state.acknowledgedId !== undefined) digest.text(formatId(state.acknowledgedId))
      digest.end()
    }
  }

  explain(name: string, actors: ActorTable): ElementExplanation | undefined {
    const state = this.byName.get(name)?.state
    if (state === undefined) return undefined
    const acknowledged = state.acknowledgedId === undefined ? 'nothing' : `up to ${formatId(state.acknowledgedId)}`
    return {
      counters: [],
      dots: [actors.nameOf(state.birth.dot)],
      name,
      rows: [explainWrite({...state.birth, value: 'made'}, true, actors)],
      value: `delivered up to ${formatId(state.lastId)}, acknowledged ${acknowledged}`,
    }
  }
}

/** `held` if they are equal: what is the same object has not changed. */
function later(held: StreamId | undefined, by: StreamId): StreamId {
  return held !== undefined && compareIds(held, by) >= 0 ? held : by
}

function isSame(a: State | undefined, b: State | undefined): boolean {
  return a?.lastId === b?.lastId && a?.acknowledgedId === b?.acknowledgedId
}
