import {Buffer} from 'node:buffer'
import {mergeInto, sketchOf} from '../../../../src/lib/server/commands/hyperloglog/sketch.js'

/** Sketches without hashing: what a member does to which register is known. Members 0, 8, .. share one, and so on. */

const REGISTERS = 16_384
const SHARED = 8
const HEADER = `HYLL\x01\0\0\0${'\0'.repeat(7)}\x80`

function registerOf(member: string): number {
  return (Number(member) % SHARED) * 1000 + 7
}

function countOf(member: string): number {
  return Number(member) + 1
}

/** Register -> count. */
export function registersOf(members: Iterable<string>): Map<number, number> {
  const found = new Map<number, number>()
  for (const member of members) {
    found.set(registerOf(member), Math.max(found.get(registerOf(member)) ?? 0, countOf(member)))
  }
  return found
}

/** The sparse form: runs of zeros of up to 16384 (two bytes), and single counts (one byte). */
export function sketchText(members: readonly string[]): string {
  let text = HEADER
  let next = 0
  for (const [register, count] of [...registersOf(members)].sort(([a], [b]) => a - b)) {
    text += zeros(register - next)
    text += String.fromCharCode(0x80 | ((count - 1) << 2))
    next = register + 1
  }
  return text + zeros(REGISTERS - next)
}

function zeros(count: number): string {
  if (count === 0) return ''
  return String.fromCharCode(0x40 | ((count - 1) >> 8), (count - 1) & 0xff)
}

/** As `registersOf`, of what an engine shows. */
export function readSketch(text: string): Map<number, number> {
  const registers = new Uint8Array(REGISTERS)
  const bytes = Buffer.from(text, 'latin1')
  mergeInto(registers, sketchOf(bytes.toString('latin1')))
  const found = new Map<number, number>()
  // Nearly all are 0: four at a time.
  for (const [index, four] of new Uint32Array(registers.buffer).entries()) {
    for (let register = index * 4; four !== 0 && register < index * 4 + 4; register++) {
      const count = registers[register] as number
      if (count > 0) found.set(register, count)
    }
  }
  return found
}
