import {type Rng, seededRng} from '../../../src/lib/kernel/rng.js'
import {packStreamFacts} from '../../../src/lib/server/crdt/durability/stream-facts.js'
import {Snapshot} from '../../../src/lib/server/persistence/snapshot.js'
import {makeTyped} from '../../unit/server/crdt/capture/typed-commands.js'
import {type Region, regions} from '../../unit/server/crdt/regions.js'

/** What regions of an active-active database send each other, as clients' commands of every kind bring it about. */

export interface CrdtScene {
  /** Its number among all. */
  readonly index: number
  /** State of the slot at one who has not heard of `effect` yet, though of all that it builds on. */
  readonly state: string
  readonly effect: string
  /** State of the slot at the writer. */
  readonly later: string
  /** Vectors of all slots of the writer. */
  readonly vectors: string
  /** Effects of about the same time, of all writers. */
  readonly effects: readonly string[]
  /** What the writer says of its streams: name, facts. */
  readonly facts: readonly (readonly [key: string, facts: string])[]
  /** The writer's snapshot, whose checksum nobody looks at. */
  readonly snapshot: string
}

const HISTORIES = 12
const STEPS = 60
const BATCH_EFFECTS = 12

/** All keys of these commands are of one slot. */
export function sceneSlot({crdt}: Region): number {
  return crdt.server.databases[0]!.slotOf('{t}')
}

function slotState(region: Region): string {
  return region.crdt.core.packSlot(sceneSlot(region))
}

function factsOf({crdt}: Region): CrdtScene['facts'] {
  return [1, 2, 3].flatMap((number) => {
    const key = `{t}stream:${number}`
    const facts = packStreamFacts(crdt.server, key)
    return facts === undefined ? [] : [[key, facts] as const]
  })
}

const CHECKSUM_BYTES = 8

function snapshotOf({crdt}: Region): string {
  const snapshot = new Snapshot(crdt.server, {})
  let text = ''
  for (let chunk = snapshot.next(); chunk !== undefined; chunk = snapshot.next()) {
    text += Buffer.from(chunk).toString('latin1')
  }
  return text.slice(0, -CHECKSUM_BYTES) + '\0'.repeat(CHECKSUM_BYTES)
}

function play(rng: Rng, scenes: CrdtScene[]): void {
  const all = regions(2, {hincrbyOnFields: true, streamIdMode: 'liberal'})
  const effects: string[] = []
  for (let step = 0; step < STEPS; step++) {
    const [region, other] = rng.chance(0.5) ? [all[0]!, all[1]!] : [all[1]!, all[0]!]
    region.nowMs += rng.below(3)
    const ids = region.do('XRANGE {t}stream:1 - +').match(/\d+-\d+/g) ?? []
    const commands = Array.from({length: 1 + rng.below(3)}, () => makeTyped(rng, ids))
    for (const argv of [['MULTI'], ...commands, ['EXEC']]) region.send(argv)
    if (rng.chance(0.05)) region.send(['PUBLISH', 'channel', 'message'])
    effects.push(...region.outbox)
    const last = region.outbox.at(-1)
    if (last === undefined || region.crdt.core.slotOf(last) !== sceneSlot(region) || rng.chance(0.4)) continue
    other.receive(region.outbox.splice(0, region.outbox.length - 1))
    const {core} = region.crdt
    scenes.push({
      effect: last,
      effects: effects.slice(-BATCH_EFFECTS),
      facts: factsOf(region),
      index: scenes.length,
      later: slotState(region),
      snapshot: snapshotOf(region),
      state: slotState(other),
      vectors: core.packVectors(core.slots()),
    })
    other.receive(region.outbox.splice(0))
  }
}

let made: readonly CrdtScene[] | undefined

/** The same at every call. */
export function crdtScenes(): readonly CrdtScene[] {
  if (made === undefined) {
    const scenes: CrdtScene[] = []
    for (let seed = 1; seed <= HISTORIES; seed++) play(seededRng(seed), scenes)
    made = scenes
  }
  return made
}
