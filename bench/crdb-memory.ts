import {hashSlot} from '../src/lib/protocol/hash-slot.js'
import {CrdtState} from '../src/lib/server/crdt/core/state.js'
import {PlacedStates} from '../src/lib/server/crdt/placed-states.js'
import {Database} from '../src/lib/server/keyspace/database.js'
import {KeyspaceState} from '../src/lib/server/keyspace/keyspace-state.js'

/**
 * Bytes that the engine keeps of each element beside what clients see of it, the text of the element left out: a process of
 * its own, so that the heap is nothing else's. Run with --expose-gc; prints a JSON object.
 */

const COUNT = 500_000
/** Strings are made before, as they are those of the data that clients see. */
const TEXTS = Array.from({length: COUNT}, (_, index) => `member:${index}`)

const LAYOUTS: Readonly<Record<string, (core: CrdtState) => void>> = {
  counter: (core) => eachKey(core, (writer, key) => writer.addToString(key, 1)),
  'list element': (core) => oneKey(core, (writer, texts) => writer.push('k', 'right', texts)),
  register: (core) => eachKey(core, (writer, key) => writer.setString(key, key)),
  'set member': (core) => oneKey(core, (writer, texts) => writer.addMembers('k', texts)),
  'sorted set member': (core) =>
    oneKey(core, (writer, texts) =>
      writer.setScores(
        'k',
        texts.map((text, i) => [text, i]),
      ),
    ),
}

type Writer = ReturnType<CrdtState['write']>

function eachKey(core: CrdtState, write: (writer: Writer, key: string) => void): void {
  for (const key of TEXTS) {
    const writer = core.write(hashSlot(key))
    write(writer, key)
    writer.end()
  }
}

function oneKey(core: CrdtState, write: (writer: Writer, texts: string[]) => void): void {
  for (let first = 0; first < COUNT; first += 100) {
    const writer = core.write(0)
    write(writer, TEXTS.slice(first, first + 100))
    writer.end()
  }
}

function heapBytes(): number {
  global.gc!()
  global.gc!()
  const {arrayBuffers, heapUsed} = process.memoryUsage()
  return heapUsed + arrayBuffers
}

const found: Record<string, number> = {}
for (const [name, fill] of Object.entries(LAYOUTS)) {
  const db = new Database(0, new KeyspaceState(), true)
  for (const key of TEXTS) db.set(key, key)
  const before = heapBytes()
  const core = new CrdtState({nowMs: () => 1_700_000_000_000, region: 1})
  core.place(new PlacedStates(db, (slot, key, stored) => core.displaced(slot, key, stored)))
  core.become(1)
  fill(core)
  found[name] = Math.round((heapBytes() - before) / COUNT)
  // It must be alive until it was measured.
  core.clear()
}
console.log(JSON.stringify(found))
