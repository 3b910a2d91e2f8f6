import {assert, describe, it} from 'vitest'
import type {CrdbSettings} from '../../../../../src/lib/model/crdb.js'
import {openCrdt} from '../../../../../src/lib/server/crdt/open.js'
import {Rig} from '../../rig.js'
import {exchange, type Region, regions} from '../regions.js'

function pair(settings: Partial<CrdbSettings> = {}): [Region, Region] {
  return regions(2, settings) as [Region, Region]
}

const CONFIG = regions(1)[0]!.crdt.config

describe('commands in an active-active database', () => {
  it('refuses what would not reach other regions, and names the way out', () => {
    const [here] = pair()
    here.do('SET k v')
    const refused: Record<string, string> = {
      BGSAVE: 'persistence',
      'CLIENT PAUSE 10': 'go on writing',
      'DEBUG OBJECT k': 'CRDT.DEBUG',
      FLUSHALL: 'shoal crdb flush',
      FLUSHDB: 'shoal crdb flush',
      'MIGRATE h 1 k 0 10': 'CLUSTER MIGRATESLOTS',
      'MOVE k 1': 'one database',
      'OBJECT ENCODING k': 'CRDT.DEBUG ENCODING',
      'RESTORE-ASKING n 0 x': 'shoal import',
      SAVE: 'persistence',
      'SCRIPT DEBUG NO': 'node of its own',
      'SWAPDB 0 1': 'one database',
    }
    for (const [line, way] of Object.entries(refused)) assert.match(here.do(line), new RegExp(`^ERR .*${way}`), line)
    assert.equal(here.do('CRDT.DEBUG ENCODING k'), 'embstr')
    assert.include(here.do('DEL a b'), 'CROSSSLOT')
    assert.include(
      here.send(['EVAL', 'redis.set_repl(redis.REPL_NONE)', '0']),
      'redis.set_repl() is not available in an active-active database',
    )
  })

  it('adds its commands and takes them back', () => {
    const rig = new Rig('cluster-enabled yes')
    const crdt = openCrdt(rig.server, {config: CONFIG, region: 1})
    assert.isTrue(rig.server.commands.has('CRDT.DEBUG'))
    assert.throws(() => openCrdt(rig.server, {config: CONFIG, region: 1}), 'already')
    crdt.close()
    assert.isFalse(rig.server.commands.has('CRDT.DEBUG'))
    assert.isFalse(rig.server.state.propagation.isOn)
    const full = new Rig()
    assert.throws(() => openCrdt(full.server, {config: CONFIG, region: 1}), 'cluster mode')
  })

  it('gives ids of streams that no other region gives', () => {
    const [here, there] = pair()
    assert.equal(here.do('XADD s 110 a b'), '110-1')
    assert.equal(there.do('XADD s 110 a b'), '110-2')
    assert.match(here.do('XADD s 111-5 a b'), /^ERR Full stream IDs/)
    assert.match(here.do('XADD s 110 a b'), /^ERR The ID specified in XADD is equal or smaller/)
    exchange([here, there])
    assert.equal(here.do('XRANGE s - +'), '[[110-1 [a b]] [110-2 [a b]]]')
    assert.equal(there.do('XRANGE s - +'), here.do('XRANGE s - +'))
    assert.equal(here.do('XADD s * a b'), `${here.nowMs}-1`)
    assert.match(here.do('XSETID s 5'), /^ERR The ID specified in XSETID is smaller/)
    assert.equal(pair({streamIdMode: 'semi-strict'})[0].do('XADD s 111-5 a b'), '111-5')
    assert.equal(pair({streamIdMode: 'liberal'})[1].do('XADD s 111 a b'), '111-0')
  })

  it('has no stream without entries and groups', () => {
    const [here, there] = pair()
    for (const line of ['XADD s 1 a b', 'XGROUP CREATE s g 0', 'XDEL s 1-1']) here.do(line)
    exchange([here, there])
    assert.deepEqual([here.do('EXISTS s'), there.do('EXISTS s')], ['1', '1'])
    there.do('XGROUP DESTROY s g')
    exchange([here, there])
    assert.deepEqual([here.do('EXISTS s'), there.do('EXISTS s')], ['0', '0'])
    assert.deepEqual([...here.differences(), ...there.differences()], [])
  })

  it('tells other regions of acknowledgements as far as nothing before is open', () => {
    const [here, there] = pair()
    for (const line of ['XGROUP CREATE s g 0 MKSTREAM', 'XADD s 1 a b', 'XADD s 2 a b', 'XADD s 3 a b']) here.do(line)
    here.do('XREADGROUP GROUP g c COUNT 3 STREAMS s >')
    here.do('XACK s g 2-1')
    exchange([here, there])
    assert.equal(there.do('XREADGROUP GROUP g d COUNT 1 STREAMS s >'), '[[s [[1-1 [a b]]]]]')
    here.do('XACK s g 1-1')
    exchange([here, there])
    assert.equal(there.do('XPENDING s g'), '[0 nil nil nil]')
    assert.equal(there.do('XREADGROUP GROUP g d COUNT 1 STREAMS s >'), '[[s [[3-1 [a b]]]]]')
  })

  it('delivers to groups what comes late from another region', () => {
    const all = pair()
    const [here, there] = all
    for (const line of ['XGROUP CREATE s g 0 MKSTREAM', 'XADD s 10 a b']) here.do(line)
    exchange(all)
    there.do('XADD s 12 c d')
    for (const line of ['XADD s 13 e f', 'XREADGROUP GROUP g one STREAMS s >']) here.do(line)
    const waiting = here.connect()
    here.send(['XREADGROUP', 'GROUP', 'g', 'two', 'BLOCK', '0', 'STREAMS', 's', '>'], waiting)
    exchange(all)
    assert.include(waiting.reply.take(), '12-2')
    assert.equal(here.do('XREADGROUP GROUP g one STREAMS s >'), 'nil')
    assert.equal(here.do('XPENDING s g'), '[3 10-1 13-1 [[one 2] [two 1]]]')
    there.do('XADD s 14 g h')
    here.do('XADD s 15 i j')
    here.do('XREADGROUP GROUP g one STREAMS s >')
    exchange(all)
    here.do('XADD s 16 k l')
    assert.equal(here.do('XREADGROUP GROUP g one STREAMS s >'), '[[s [[14-2 [g h]] [16-1 [k l]]]]]')
  })

  it('counts in hash fields that HINCRBY made, and in others if the database says so', () => {
    const [here] = pair()
    here.do('HSET h f 5')
    assert.equal(here.do('HINCRBY h f 1'), 'ERR hash value is not an integer')
    assert.equal(here.do('HINCRBYFLOAT h f 1'), 'ERR hash value is not a float')
    assert.equal(here.do('HINCRBY h g 1'), '1')
    assert.equal(here.do('HINCRBY h g 1'), '2')
    here.do('RENAME h {h}2')
    assert.equal(here.do('HINCRBY {h}2 g 1'), '3')
    const [lax] = pair({hincrbyOnFields: true})
    lax.do('HSET h f 5')
    assert.equal(lax.do('HINCRBY h f 1'), '6')
  })

  it('keeps sketches apart from strings', () => {
    const [here, there] = pair()
    here.do('PFADD k a b c')
    for (const line of ['APPEND k x', 'SETRANGE k 0 x', 'SETBIT k 0 1', 'GETEX k', 'GETDEL k']) {
      assert.match(here.do(line), /^WRONGTYPE/, line)
    }
    here.do('PFADD l d')
    here.send(['SET', 'k', here.do('GET l')])
    here.do('PFADD k e')
    exchange([here, there])
    assert.equal(there.do('PFCOUNT k'), '2')
    assert.deepEqual([...here.differences(), ...there.differences()], [])
  })

  it('calls what INCR made a counter, if the database says so', () => {
    const [here] = pair({counterType: true})
    here.do('INCR c')
    here.do('SET s 1')
    assert.equal(here.do('TYPE c'), 'counter')
    assert.equal(here.do('TYPE s'), 'string')
    assert.equal(here.do('TYPE none'), 'none')
  })

  it('empties all slots of the node, in all regions', () => {
    const [here, there] = pair()
    for (const line of ['SET a 1', 'SADD b x', 'SET c 2']) here.do(line)
    exchange([here, there])
    there.do('SADD b y')
    assert.equal(here.do('CRDT.FLUSH'), '3')
    exchange([here, there])
    assert.equal(here.do('KEYS *'), '[b]')
    assert.equal(here.do('SMEMBERS b'), '[y]')
    assert.deepEqual(here.dump(), there.dump())
    assert.equal(here.do('CRDT.DIGEST'), there.do('CRDT.DIGEST'))
    assert.equal(here.do('CRDT.VECTORS'), there.do('CRDT.VECTORS'))
  })
})
