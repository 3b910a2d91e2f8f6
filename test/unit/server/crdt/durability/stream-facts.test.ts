import {describe, expect, it} from 'vitest'
import {encodePayload} from '../../../../../src/lib/server/commands/migration/payload.js'
import {adoptStreamFacts, packStreamFacts} from '../../../../../src/lib/server/crdt/durability/stream-facts.js'
import {Rig} from '../../rig.js'

const ENTRIES = ['XADD s 1-1 a 1', 'XADD s 2-1 a 2', 'XADD s 3-1 a 3']

describe('what only one region knows of a stream', () => {
  it('comes back beside the entries that the state brings', () => {
    const [rig, other] = [new Rig(), new Rig()]
    const [client, otherClient] = [rig.connect(), other.connect()]
    rig.run(client, ...ENTRIES, 'XADD s 9-9 a 9', 'XDEL s 9-9', 'XGROUP CREATE s g 0', 'XGROUP CREATE s gone 0')
    rig.run(client, 'XREADGROUP GROUP g one COUNT 2 STREAMS s >', 'XREADGROUP GROUP g two STREAMS s >', 'XACK s g 1-1')
    // What the state says: entries, and which groups there are.
    other.run(otherClient, ...ENTRIES, 'XGROUP CREATE s g 0', 'XGROUP CREATE s new 0')
    adoptStreamFacts(other.server, other.server.databases[0]!, 's', packStreamFacts(rig.server, 's')!)
    for (const question of ['XPENDING s g - + 10', 'XINFO CONSUMERS s g', 'XRANGE s - +']) {
      expect(other.run(otherClient, question)).toBe(rig.run(client, question))
    }
    expect(other.run(otherClient, 'XINFO GROUPS s')).toMatch(/\$1\r\ng\r\n[\s\S]*\$3\r\nnew\r\n/)
    expect(other.run(otherClient, 'XINFO GROUPS s')).not.toContain('gone')
    // No id is given twice.
    expect(other.run(otherClient, 'XADD s 9-9 a 9')).toMatch(/^-ERR The ID specified in XADD is equal or smaller/)
  })

  it('is refused if it is of something else', () => {
    const rig = new Rig()
    rig.run(rig.connect(), ...ENTRIES, 'XGROUP CREATE s g 0')
    const facts = packStreamFacts(rig.server, 's')!
    const before = packStreamFacts(rig.server, 's')
    const db = rig.server.databases[0]!
    const text = `${facts.slice(0, 2)}${encodePayload(rig.server, 'text')}`
    for (const wrong of ['', '\x02', text, facts.slice(0, -1), `\x01\x7f${facts.slice(2)}`]) {
      expect(() => adoptStreamFacts(rig.server, db, 's', wrong)).toThrow(
        /^(?:ERR DUMP|ends too|is of a version|what is said)/,
      )
    }
    expect(packStreamFacts(rig.server, 's')).toBe(before)
  })

  it('is not asked of other keys', () => {
    const rig = new Rig()
    rig.run(rig.connect(), 'SET text 1')
    expect(packStreamFacts(rig.server, 'text')).toBeUndefined()
    expect(packStreamFacts(rig.server, 'none')).toBeUndefined()
  })
})
