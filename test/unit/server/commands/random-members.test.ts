import {describe, expect, it} from 'vitest'
import type {Client} from '../../../../src/lib/server/client.js'
import {Rig} from '../rig.js'

/** What is chosen by chance: of the right number, from what is there, and every member as likely as any other. */

const bulks = (reply: string): string[] => [...reply.matchAll(/\$\d+\r\n(.*)\r\n/g)].map((match) => match[1]!)

/** All that SSCAN or HSCAN shows from the first page to the last. @param between - what happens after each page */
function scanAll(rig: Rig, client: Client, command: string, count: number, between: () => void): string[] {
  const found: string[] = []
  let cursor = '0'
  do {
    const [next, ...items] = bulks(rig.run(client, `${command} k ${cursor} COUNT ${count}`))
    cursor = next!
    found.push(...items)
    between()
  } while (cursor !== '0')
  return found
}

const NAMES: readonly (readonly [name: string, member: (i: number) => string])[] = [
  ['a packed set', String],
  ['a table', (i) => `member:${i}`],
]

describe('members by chance', () => {
  for (const [name, member] of NAMES) {
    const all = Array.from({length: 40}, (_, i) => member(i))

    it(`SPOP takes different members out of ${name}`, () => {
      for (const count of [1, 5, 20, 33, 34, 39, 40, 41]) {
        const rig = new Rig()
        const client = rig.connect()
        rig.run(client, `SADD k ${all.join(' ')}`)
        const reply = rig.run(client, `SPOP k ${count}`)
        expect(reply.startsWith(`*${Math.min(count, 40)}\r\n`)).toBe(true)
        const left = bulks(rig.run(client, 'SMEMBERS k'))
        expect([...bulks(reply), ...left].sort()).toEqual(all.slice().sort())
        for (const one of left) expect(rig.run(client, `SREM k ${one}`)).toBe(':1\r\n')
        expect(rig.run(client, 'EXISTS k')).toBe(':0\r\n')
      }
    })

    it(`SRANDMEMBER gives different members of ${name}, or any if the count is negative`, () => {
      const rig = new Rig()
      const client = rig.connect()
      rig.run(client, `SADD k ${all.join(' ')}`)
      for (const count of [1, 3, 13, 14, 39, 40, 41]) {
        const found = bulks(rig.run(client, `SRANDMEMBER k ${count}`))
        expect(found.length).toBe(Math.min(count, 40))
        expect(new Set(found).size).toBe(found.length)
        expect(all).toEqual(expect.arrayContaining(found))
        const repeated = bulks(rig.run(client, `SRANDMEMBER k -${count}`))
        expect(repeated.length).toBe(count)
        expect(all).toEqual(expect.arrayContaining(repeated))
      }
    })

    it(`every member of ${name} is as likely as any other`, () => {
      const rig = new Rig()
      const client = rig.connect()
      rig.run(client, `SADD k ${all.join(' ')}`, `HSET h ${all.map((one) => `${one} v`).join(' ')}`)
      for (const command of [
        'SRANDMEMBER k',
        'SRANDMEMBER k 7',
        'SRANDMEMBER k 30',
        'HRANDFIELD h',
        'HRANDFIELD h 9',
      ]) {
        const seen = new Map<string, number>()
        let total = 0
        while (total < 8000) {
          for (const one of bulks(rig.run(client, command))) {
            seen.set(one, (seen.get(one) ?? 0) + 1)
            total++
          }
        }
        // 200 each on average: six standard deviations to both sides.
        for (const one of all)
          expect({command, one, off: Math.abs(seen.get(one)! - total / 40) > 85}).toEqual({command, one, off: false})
      }
    })
  }

  for (const [name, length] of [
    ['a packed hash', 1],
    ['a table', 100],
  ] as const) {
    const value = (field: string): string => `${field}${'v'.repeat(length)}`

    it(`HRANDFIELD gives fields of ${name} with their values`, () => {
      const fields = Array.from({length: 30}, (_, i) => `f${i}`)
      for (const resp of ['2', '3']) {
        const rig = new Rig()
        const client = rig.connect()
        rig.run(client, `HELLO ${resp}`, `HSET k ${fields.map((one) => `${one} ${value(one)}`).join(' ')}`)
        for (const count of [1, 5, 20, 30, 31, -1, -50]) {
          const reply = rig.run(client, `HRANDFIELD k ${count} WITHVALUES`)
          const found = bulks(reply)
          const number = count < 0 ? -count : Math.min(count, 30)
          expect(reply.startsWith(`*${resp === '2' ? number * 2 : number}\r\n`)).toBe(true)
          expect(found.length).toBe(number * 2)
          for (let i = 0; i < found.length; i += 2) expect(found[i + 1]).toBe(value(found[i]!))
          if (count > 0) expect(new Set(found).size).toBe(found.length)
        }
      }
    })
  }

  it('refuses a reply that no memory holds', () => {
    const rig = new Rig()
    const client = rig.connect()
    rig.run(client, 'SADD k a', 'HSET h f v')
    expect(rig.run(client, 'SRANDMEMBER k -9223372036854775807')).toBe('-ERR value is out of range\r\n')
    expect(rig.run(client, 'HRANDFIELD h -4611686018427387903 WITHVALUES')).toBe('-ERR value is out of range\r\n')
  })
})

describe('SSCAN and HSCAN', () => {
  for (const [command, add, remove] of [
    ['SSCAN', (i: number) => `SADD k member:${i}`, (i: number) => `SREM k member:${i}`],
    ['HSCAN', (i: number) => `HSET k member:${i} value:${i}`, (i: number) => `HDEL k member:${i}`],
  ] as const) {
    it(`${command} shows what stays, whatever comes and goes between pages`, () => {
      const rig = new Rig()
      const client = rig.connect()
      const size = 2000
      for (let i = 0; i < size; i++) rig.run(client, add(i))
      let at = 0
      const found = scanAll(rig, client, command, 13, () => {
        // Odd ones go, in an order of their own, and others come.
        for (let i = 0; i < 9; i++, at++) rig.run(client, remove((((at * 7919) % size) & ~1) + 1), add(size + at))
      })
      const seen = new Set(found)
      for (let i = 0; i < size; i += 2) {
        expect(seen.has(`member:${i}`)).toBe(true)
        if (command === 'HSCAN') expect(found[found.indexOf(`member:${i}`) + 1]).toBe(`value:${i}`)
      }
    })

    it(`${command} shows each once while nothing changes`, () => {
      const rig = new Rig()
      const client = rig.connect()
      for (let i = 0; i < 1000; i++) rig.run(client, add(i))
      for (const count of [1, 7, 5000]) {
        const found = scanAll(rig, client, command, count, () => undefined).filter((one) => one.startsWith('member'))
        expect(found.length).toBe(1000)
        expect(new Set(found).size).toBe(1000)
      }
    })
  }

  it('show packed ones whole', () => {
    const rig = new Rig()
    const client = rig.connect()
    const numbers = Array.from({length: 100}, (_, i) => String(i)).join(' ')
    rig.run(client, `SADD s ${numbers}`, `HSET h ${numbers}`)
    expect(bulks(rig.run(client, 'SSCAN s 0 COUNT 1')).length).toBe(101)
    expect(bulks(rig.run(client, 'HSCAN h 7 COUNT 1 MATCH *8')).length).toBe(1 + 10 * 2)
  })
})
