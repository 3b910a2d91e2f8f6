import type {Rng} from '../../../src/lib/kernel/rng.js'
import {CrdtError} from '../../../src/lib/server/crdt/core/crdt-error.js'
import {makeTyped} from '../../unit/server/crdt/capture/typed-commands.js'
import {type Region, regions} from '../../unit/server/crdt/regions.js'
import {type CrdtScene, crdtScenes, sceneSlot} from '../corpus/crdt.js'
import {mutated, randomBytes} from '../mutate.js'
import {attempt, type FuzzTarget, must, mustEqual, type OpenTarget} from '../target.js'

/**
 * Effects and slot states on their way into a node that holds something already: what is refused has left nothing, and what
 * is taken is a state like any other, which clients see as the engine shows it, and which can be written to and sent on.
 */

const PLACE_BYTES = 2
/** Now and then a piece comes so often: what takes more than linear time shows. */
const REPEATED_BYTES = 60_000

/** The number of its scene, then the bytes. */
function withScene({index}: CrdtScene, bytes: string): string {
  return String.fromCharCode(index & 255, index >>> 8) + bytes
}

function sceneOf(input: string): CrdtScene {
  const scenes = crdtScenes()
  const index = (input.charCodeAt(0) || 0) + (input.charCodeAt(1) || 0) * 256
  return scenes[index % scenes.length]!
}

function stretched(rng: Rng, bytes: string): string {
  const at = rng.below(bytes.length)
  const piece = bytes.slice(at, at + 1 + rng.below(40))
  return bytes.slice(0, at) + piece.repeat(Math.ceil(REPEATED_BYTES / piece.length)) + bytes.slice(at)
}

/** @param pick - what of a scene is to be damaged */
function maker(pick: (scene: CrdtScene) => string): (rng: Rng) => string {
  return (rng) => {
    const scenes = crdtScenes()
    const scene = rng.pick(scenes)
    if (rng.chance(0.02)) return withScene(scene, randomBytes(rng, rng.below(80)))
    const bytes = pick(scene)
    if (rng.chance(0.01) && bytes !== '') return withScene(scene, stretched(rng, bytes))
    return withScene(scene, mutated(rng, bytes, [bytes, pick(rng.pick(scenes))]))
  }
}

/** All that a refused input must leave as it was. */
function fingerprint(region: Region): readonly string[] {
  const {core} = region.crdt
  return [core.packHead(), core.packSlot(sceneSlot(region))]
}

function empty({announced, crdt, outbox, passed}: Region): void {
  for (const slot of [...crdt.core.slots()]) crdt.durability.dropSlot(slot)
  for (const list of [announced, outbox, passed]) list.length = 0
}

class Receiver implements OpenTarget {
  private readonly region: Region
  private readonly other: Region
  private took: string[] = []

  constructor(
    readonly make: (rng: Rng) => string,
    /** @returns whether it was taken, and had anything new @throws CrdtError */
    private readonly give: (region: Region, bytes: string) => boolean,
  ) {
    const [region, other] = regions(3, {hincrbyOnFields: true, streamIdMode: 'liberal'}).slice(1) as [Region, Region]
    this.region = region
    this.other = other
    region.nowMs += 10_000
    other.nowMs += 10_000
    region.crdt.listeners.push({
      joined: (slot) => this.took.push(`joined ${slot}`),
      made: (effect) => this.took.push(effect.text()),
      took: (effect) => this.took.push(effect),
    })
  }

  run(input: string, rng: Rng): boolean {
    const {region} = this
    const {crdt, server} = region
    empty(region)
    empty(this.other)
    server.state.setTime(region.nowMs)
    crdt.join(sceneSlot(region), sceneOf(input).state, true)
    const before = fingerprint(region)
    this.took = []
    const isTaken = attempt(() => this.give(region, input.slice(PLACE_BYTES)), CrdtError)
    if (isTaken === undefined) {
      mustEqual(fingerprint(region), before, 'refused, the state')
      mustEqual(this.took, [], 'refused, what listeners are told')
    }
    this.mustBeSound()
    if (isTaken !== true) return false
    this.liveOn(rng)
    this.mustBeSound()
    this.sendOn()
    return true
  }

  private mustBeSound(): void {
    mustEqual(this.region.differences(), [], 'what clients see')
    const {core} = this.region.crdt
    const slot = sceneSlot(this.region)
    for (const key of core.keys(slot)) {
      const shown = core.look(slot, key)!
      must(shown.size === [...shown.elements()].length, 'another size than there are elements')
      core.explain(slot, key)
    }
    core.digestSlot(slot)
  }

  /** Clients write to it. */
  private liveOn(rng: Rng): void {
    const {region} = this
    for (let left = 3; left > 0; left--) {
      const argv = makeTyped(rng, ['1-1'])
      // One that blocks does so alone.
      const reply = region.send(argv, /^B[LRZ]/.test(argv[0]!) ? region.connect() : undefined)
      const bug = region.log.find((line) => line.includes('Bug'))
      must(bug === undefined, () => `${argv.join(' ')}: ${bug}`)
      must(reply !== '' || /^B[LRZ]/.test(argv[0]!), () => `no answer to ${argv.join(' ')}`)
    }
  }

  /** Another region that gets its state shows the same. */
  private sendOn(): void {
    const {other, region} = this
    const {core} = region.crdt
    for (const slot of core.slots()) {
      other.crdt.join(slot, core.packSlot(slot), true)
      must(other.crdt.core.digestSlot(slot) === core.digestSlot(slot), 'another digest when it was joined')
      mustEqual(other.crdt.core.garbageIn(slot), core.garbageIn(slot), 'joined, the garbage')
      mustEqual(other.crdt.core.packSlot(slot).length, core.packSlot(slot).length, 'joined, the length')
    }
    mustEqual(other.differences(), [], 'joined, what clients see')
  }
}

export const effectTarget: FuzzTarget = {
  name: 'crdt-effect',
  open: () =>
    new Receiver(
      maker(({effect}) => effect),
      ({crdt}, bytes) => {
        const outcome = crdt.receive(bytes)
        if (outcome === 'applied') must(crdt.receive(bytes) === 'known', 'taken twice')
        return outcome === 'applied'
      },
    ),
  share: 6,
}

export const slotStateTarget: FuzzTarget = {
  name: 'crdt-slot-state',
  open: () =>
    new Receiver(
      maker(({later}) => later),
      (region, bytes) => {
        const slot = sceneSlot(region)
        const {crdt} = region
        const isNew = crdt.join(slot, bytes)
        if (isNew) must(!crdt.join(slot, bytes), 'new twice')
        return isNew
      },
    ),
  share: 6,
}
