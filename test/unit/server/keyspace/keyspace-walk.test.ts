import {describe, expect, it} from 'vitest'
import {seededRng} from '../../../../src/lib/kernel/rng.js'
import type {Database} from '../../../../src/lib/server/keyspace/database.js'
import {KeyspaceWalk} from '../../../../src/lib/server/keyspace/keyspace-walk.js'
import type {Value} from '../../../../src/lib/server/keyspace/value.js'
import {Rig} from '../rig.js'

type Facts = readonly [database: number, key: string, value: string, expireAtMs: number | undefined]

function shown(value: Value): string {
  // The form may change by reading: SORT unpacks a sorted set.
  return typeof value === 'string' ? value : JSON.stringify({...value.toRdb(), isPacked: undefined})
}

function everything(databases: readonly Database[]): Map<string, Facts> {
  const all = new Map<string, Facts>()
  for (const db of databases) {
    for (const key of db.keys()) {
      all.set(`${db.index} ${key}`, [db.index, key, shown(db.peek(key)!), db.expiryOf(key)])
    }
  }
  return all
}

describe('a walk over the keyspace', () => {
  it.each(Array.from({length: 40}, (_, i) => i + 1))(
    'shows each key once, as it was when it began (seed %i)',
    (seed) => {
      const rng = seededRng(seed)
      const rig = new Rig(rng.chance(0.3) ? 'cluster-enabled yes' : '')
      const {databases, state} = rig.server
      const client = rig.connect()
      const names = rng.pick([5, 60, 400])
      const change = (): void => {
        const key = `k${rng.below(names)}`
        const other = `k${rng.below(names)}`
        const command = rng.pick([
          `SET ${key} ${rng.below(1000)}`,
          `SET ${key} ${rng.below(1000)} PX ${rng.pick([1, 100_000])}`,
          `APPEND ${key} x`,
          `SETRANGE ${key} 3 yz`,
          `DEL ${key} ${other}`,
          `DEL ${key}`,
          `RPUSH ${key} a b`,
          `LPOP ${key}`,
          `HSET ${key} f ${rng.below(9)} g 1`,
          `ZADD ${key} ${rng.below(9)} m`,
          `SADD ${key} ${rng.below(9)} m`,
          `SPOP ${key}`,
          `XADD ${key} * f v`,
          `PEXPIRE ${key} 100000`,
          `PERSIST ${key}`,
          `RENAME ${key} ${other}`,
          `COPY ${key} ${other} REPLACE`,
          `SORT ${key} ALPHA STORE ${other}`,
          `GET ${key}`,
        ])
        rig.run(client, command)
      }
      for (let i = 0; i < names * 2; i++) {
        if (!rig.server.isCluster && rng.chance(0.1)) rig.run(client, `SELECT ${rng.below(3)}`)
        change()
      }
      rig.nowMs += 2
      rig.run(client, 'PING')
      const expected = everything(databases)
      const seen: Facts[] = []
      let database = -1
      const walk = new KeyspaceWalk(databases, {
        database: (index) => {
          database = index
        },
        key: (key, value, expireAtMs) => {
          // What has run out is there until somebody looks.
          if (expireAtMs === undefined || expireAtMs > rig.nowMs) seen.push([database, key, shown(value), expireAtMs])
          return true
        },
        settle: () => undefined,
      })
      state.walks.add(walk)
      for (let goesOn = true; goesOn; ) {
        for (let i = rng.below(4); i > 0; i--) {
          if (rng.chance(0.01)) rig.run(client, rng.pick(['FLUSHDB', 'FLUSHALL', 'SWAPDB 0 1']))
          else if (!rig.server.isCluster && rng.chance(0.05)) rig.run(client, `SELECT ${rng.below(3)}`)
          else change()
        }
        for (let i = rng.below(4); i > 0 && goesOn; i--) goesOn = walk.step()
      }
      state.walks.delete(walk)
      const sorted = (facts: Iterable<Facts>) =>
        [...facts].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
      expect(sorted(seen)).toEqual(sorted(expected.values()))
    },
  )

  it('passes over what was shown already in steps too', () => {
    const rig = new Rig()
    const client = rig.connect()
    for (let i = 0; i < 3000; i++) rig.run(client, `SET k${i} 1`)
    let shownCount = 0
    const walk = new KeyspaceWalk(rig.server.databases, {
      database: () => undefined,
      key: () => {
        shownCount++
        return true
      },
      settle: () => undefined,
    })
    rig.server.state.walks.add(walk)
    for (let i = 0; i < 3000; i++) rig.run(client, `SET k${i} 2`)
    expect(shownCount).toBe(3000)
    expect([walk.step(), walk.step(), walk.step()]).toEqual([true, true, false])
    expect(shownCount).toBe(3000)
  })

  it('says when the value shown last is about to change', () => {
    const rig = new Rig()
    const client = rig.connect()
    rig.run(client, 'RPUSH a 1 2', 'RPUSH b 1 2')
    const told: string[] = []
    const walk = new KeyspaceWalk(rig.server.databases, {
      database: () => undefined,
      key: (key) => {
        told.push(key)
        return false
      },
      settle: () => told.push('settle'),
    })
    rig.server.state.walks.add(walk)
    walk.step()
    const [first] = told
    const other = first === 'a' ? 'b' : 'a'
    rig.run(client, 'SET c 1', `LPUSH ${first} 0`, `LPUSH ${other} 0`, `LPUSH ${other} 0`)
    expect(told).toEqual([first, 'settle', other, 'settle'])
    expect(walk.step()).toBe(false)
  })
})
