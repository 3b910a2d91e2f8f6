import type {Rng} from '../../../src/lib/kernel/rng.js'
import {element, elements, littleEndian} from '../corpus/packed.js'
import {CAPTURED} from '../corpus/values.js'
import {extremeByte, mutated, randomBytes} from '../mutate.js'
import {FuzzedServer} from '../server.js'
import {type FuzzTarget, must, type OpenTarget} from '../target.js'

/** Strings that may be HyperLogLogs: runs that miss or overrun the registers, registers and caches nobody counted. */

const DENSE_REGISTERS_BYTES = 12_288
const REGISTERS = 16_384

function sparseRuns(rng: Rng): string {
  const {fromCharCode} = String
  let text = ''
  let left = REGISTERS
  while (left > 0) {
    const value = rng.chance(0.5)
    const run = Math.min(left, rng.chance(0.2) ? REGISTERS : 1 + rng.below(value ? 4 : 400))
    if (value && run <= 4) text += fromCharCode(0x80 | (rng.below(32) << 2) | (run - 1))
    else if (run <= 64) text += fromCharCode(run - 1)
    else text += fromCharCode(0x40 | ((run - 1) >> 8), (run - 1) & 0xff)
    left -= run
    if (rng.chance(0.03)) break
  }
  return text
}

function denseRegisters(rng: Rng): string {
  if (rng.chance(0.4)) return extremeByte(rng).repeat(DENSE_REGISTERS_BYTES)
  const piece = randomBytes(rng, 1 + rng.below(12))
  return piece.repeat(Math.ceil(DENSE_REGISTERS_BYTES / piece.length)).slice(0, DENSE_REGISTERS_BYTES)
}

function header(rng: Rng, encoding: number): string {
  const cache = rng.chance(0.7) ? `${'\0'.repeat(7)}\x80` : randomBytes(rng, 8)
  return `HYLL${String.fromCharCode(encoding)}\0\0\0${rng.chance(0.1) ? littleEndian(rng.below(100), 8) : cache}`
}

function make(rng: Rng): string {
  const kind = rng.below(10)
  if (kind === 0) return randomBytes(rng, rng.below(40))
  if (kind === 1) return mutated(rng, rng.pick(CAPTURED))
  if (kind < 4) return mutated(rng, header(rng, 0) + denseRegisters(rng))
  return mutated(rng, header(rng, rng.chance(0.97) ? 1 : 2) + sparseRuns(rng))
}

class Sketches implements OpenTarget {
  private readonly server = new FuzzedServer()
  readonly make = make

  run(input: string, rng: Rng): boolean {
    return this.server.explain(() => this.use(input, rng))
  }

  private use(input: string, rng: Rng): boolean {
    const {server} = this
    server.call('FLUSHALL')
    server.call('SET', 'k', input)
    server.call('PFADD', 'fine', ...elements(rng, 5))
    const first = server.call('PFCOUNT', 'k')
    const uses = [
      ['PFADD', 'k', element(rng), element(rng)],
      ['PFCOUNT', 'k', 'fine'],
      ['PFMERGE', 'other', 'k', 'fine'],
      ['PFMERGE', 'k', 'fine'],
      ['PFDEBUG', rng.pick(['ENCODING', 'DECODE', 'GETREG', 'TODENSE']), 'k'],
      ['PFCOUNT', 'k'],
    ]
    for (let left = 3; left > 0; left--) {
      const reply = server.call(...rng.pick(uses))
      const isKnown = /^(?::|\+|\*|\$|-(?:WRONGTYPE|INVALIDOBJ|ERR HLL encoding is not sparse))/.test(reply)
      must(isKnown, `answers ${reply.slice(0, 100)}`)
    }
    return first.startsWith(':')
  }
}

export const hyperLogLogTarget: FuzzTarget = {name: 'hyperloglog', share: 4, open: () => new Sketches()}
