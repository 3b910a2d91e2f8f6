import type {Rng} from '../../../src/lib/kernel/rng.js'
import {RdbError} from '../../../src/lib/protocol/rdb/reader.js'
import {decodeEntryId} from '../../../src/lib/server/crdt/core/containers/entry-id.js'
import {CrdtError} from '../../../src/lib/server/crdt/core/crdt-error.js'
import {Decoder} from '../../../src/lib/server/crdt/core/decoder.js'
import {adoptStreamFacts, packStreamFacts} from '../../../src/lib/server/crdt/durability/stream-facts.js'
import {SnapshotLoader} from '../../../src/lib/server/persistence/snapshot-loader.js'
import {CRDT_FIELD, StrangeDatabaseError} from '../../../src/lib/server/persistence/state-source.js'
import {ReplyError} from '../../../src/lib/server/reply-error.js'
import {type Region, regions} from '../../unit/server/crdt/regions.js'
import {type CrdtScene, crdtScenes, sceneSlot} from '../corpus/crdt.js'
import {sealed} from '../corpus/values.js'
import {chunksOf, mutated} from '../mutate.js'
import {attempt, type FuzzTarget, must, mustEqual, type OpenTarget} from '../target.js'

/** What files and the stream to replicas hold of an active-active database besides effects and states of slots. */

const SETTINGS = {hincrbyOnFields: true, streamIdMode: 'liberal'} as const
const PAYLOAD_END_BYTES = 10

/** Where the DUMP payload begins. */
function payloadAt(facts: string): number {
  const decoder = new Decoder(facts)
  decoder.byte()
  for (let groups = decoder.count(); groups > 0; groups--) {
    decoder.text()
    for (let count = decoder.count(); count > 0; count--) decodeEntryId(decoder)
  }
  return decoder.position
}

function damagedFacts(rng: Rng, facts: string): string {
  const at = payloadAt(facts)
  const [late, value] = [facts.slice(0, at), facts.slice(at, -PAYLOAD_END_BYTES)]
  const which = rng.below(3)
  const payload = sealed(which === 0 ? value : mutated(rng, value))
  return (which === 1 ? late : mutated(rng, late, [value])) + payload
}

/** Of one scene one stream: their numbers in three bytes, then the facts. */
function drawFacts(rng: Rng): string {
  const scenes = crdtScenes().filter(({facts}) => facts.length > 0)
  const scene = rng.pick(scenes)
  const which = rng.below(scene.facts.length)
  return String.fromCharCode(scene.index & 255, scene.index >>> 8, which) + damagedFacts(rng, scene.facts[which]![1])
}

function streamLines(key: string): string[] {
  return [
    `XINFO STREAM ${key} FULL`,
    `XINFO GROUPS ${key}`,
    `XPENDING ${key} g`,
    `XPENDING ${key} g - + 10`,
    `XREADGROUP GROUP g c COUNT 2 STREAMS ${key} >`,
    `XREADGROUP GROUP h c NOACK COUNT 1 STREAMS ${key} >`,
    `XREADGROUP GROUP g c STREAMS ${key} 0`,
    `XACK ${key} g 1-1`,
    `XAUTOCLAIM ${key} g d 0 0`,
    `XADD ${key} * a b`,
    `XGROUP DESTROY ${key} g`,
    `XTRIM ${key} MAXLEN 1`,
  ]
}

class FactsReceiver implements OpenTarget {
  private readonly region = regions(2, SETTINGS)[1]!
  readonly make = drawFacts

  run(input: string, rng: Rng): boolean {
    const {region} = this
    const {crdt, server} = region
    const scenes = crdtScenes()
    const index = (input.charCodeAt(0) || 0) + (input.charCodeAt(1) || 0) * 256
    const {facts, later} = scenes[index % scenes.length]!
    const key = facts[(input.charCodeAt(2) || 0) % (facts.length || 1)]?.[0] ?? '{t}stream:1'
    region.passed.length = 0
    crdt.durability.dropSlot(sceneSlot(region))
    crdt.join(sceneSlot(region), later, true)
    const before = packStreamFacts(server, key)
    const given = input.slice(3)
    const isTaken = attempt(
      () => {
        adoptStreamFacts(server, server.databases[0]!, key, given)
        return true
      },
      CrdtError,
      ReplyError,
    )
    mustEqual(region.differences(), [], 'what clients see')
    if (isTaken === undefined) {
      mustEqual(packStreamFacts(server, key), before, 'refused, what is said of the stream')
      return false
    }
    const again = packStreamFacts(server, key)
    if (again !== undefined) {
      adoptStreamFacts(server, server.databases[0]!, key, again)
      mustEqual(packStreamFacts(server, key), again, 'said again')
    }
    for (let left = 4; left > 0; left--) {
      const line = rng.pick(streamLines(key))
      must(region.do(line) !== '', () => `no answer to ${line}`)
      const bug = region.log.find((text) => text.includes('Bug'))
      must(bug === undefined, () => `${line}: ${bug}`)
    }
    mustEqual(region.differences(), [], 'written to, what clients see')
    return true
  }
}

export const streamFactsTarget: FuzzTarget = {name: 'crdt-stream', open: () => new FactsReceiver(), share: 6}

class SnapshotReceiver implements OpenTarget {
  /** By the writer of a snapshot: it is loaded by a node of the same region. */
  private readonly receivers: readonly Region[] = regions(2, SETTINGS)

  make(rng: Rng): string {
    const scenes: readonly CrdtScene[] = crdtScenes()
    return mutated(rng, rng.pick(scenes).snapshot, [rng.pick(scenes).later])
  }

  run(input: string, rng: Rng): boolean {
    const receiver = this.receivers[input.includes('"region":2') ? 1 : 0]!
    const {crdt} = receiver
    const {core} = crdt
    let isStrange = false
    const before = core.digestSlot(sceneSlot(receiver))
    const chunks = chunksOf(rng, Buffer.from(input, 'latin1'))
    const isTaken = attempt(
      () => {
        const loader = new SnapshotLoader(receiver.server)
        for (const chunk of chunks) loader.push(chunk)
        loader.finish()
        isStrange = loader.auxOf(CRDT_FIELD) === undefined
        return true
      },
      CrdtError,
      RdbError,
      ReplyError,
      StrangeDatabaseError,
    )
    if (isStrange) {
      // A file of before the database: what is in it goes as it would at the start.
      crdt.durability.dropSlot(sceneSlot(receiver))
      crdt.durability.settle()
    }
    mustEqual(receiver.differences(), [], 'what clients see')
    if (isTaken === undefined) must(core.digestSlot(sceneSlot(receiver)) === before, 'refused, the state has changed')
    return isTaken === true
  }
}

export const crdtSnapshotTarget: FuzzTarget = {name: 'crdt-snapshot', open: () => new SnapshotReceiver(), share: 6}
