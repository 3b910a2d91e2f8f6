import type {Rng} from '../../../src/lib/kernel/rng.js'
import {formatDouble, formatStoredDouble, parseDouble, parseLenientDouble} from '../../../src/lib/protocol/double.js'
import {parseInt64} from '../../../src/lib/server/arguments.js'
import {globMatch} from '../../../src/lib/server/config/glob.js'
import {parseMemory} from '../../../src/lib/server/config/parameter.js'
import {decodePosition, encodePosition, geohashText} from '../../../src/lib/server/geo/geohash.js'
import {isInt64Text} from '../../../src/lib/server/keyspace/value.js'
import {formatLongDouble, parseLongDouble} from '../../../src/lib/server/long-double.js'
import {extremeDecimal, mutated, randomBytes} from '../mutate.js'
import {type FuzzTarget, must} from '../target.js'

/** Patterns and numbers. */

const PIECES = ['*', '*', '?', '[a-c]', '[^a]', '[b', '\\a', '\\', 'a', 'b', 'c', ']', '-', '[c-a]', '[]', '[^]']

/** The pattern, a NUL, the text. */
function patternAndText(rng: Rng): string {
  if (rng.chance(0.02)) return `${'a*'.repeat(rng.below(400))}b\0${'a'.repeat(rng.below(2000))}`
  const pattern = Array.from({length: rng.below(12)}, () => rng.pick(PIECES)).join('')
  const letters = () => Array.from({length: rng.below(5)}, () => rng.pick(['a', 'b', 'c', '-', '\\'])).join('')
  // What the pattern may mean, or anything.
  const text = rng.chance(0.7)
    ? pattern.replace(/\[[^\]]*\]?|[*?]/g, (part) => (part === '*' ? letters() : 'a')).replaceAll('\\a', 'a')
    : letters() + letters() + letters()
  return `${rng.chance(0.1) ? mutated(rng, pattern) : pattern}\0${text}`
}

/** The same language by the definition: every way a star can go is tried once. */
function matchesByTable(pattern: string, text: string): boolean {
  const elements = elementsOf(pattern)
  let reached = new Set([0])
  const spread = (from: Set<number>): Set<number> => {
    const all = new Set(from)
    for (const at of all) if (elements[at] === 'star') all.add(at + 1)
    return all
  }
  reached = spread(reached)
  for (let i = 0; i < text.length; i++) {
    const next = new Set<number>()
    for (const at of reached) {
      const one = elements[at]
      if (one === 'star') next.add(at)
      else if (one?.(text.charCodeAt(i))) next.add(at + 1)
    }
    reached = spread(next)
  }
  return reached.has(elements.length)
}

type Element = 'star' | ((code: number) => boolean)

function elementsOf(pattern: string): Element[] {
  const elements: Element[] = []
  for (let at = 0; at < pattern.length; ) {
    const code = pattern.charCodeAt(at)
    if (pattern[at] === '*') elements.push('star')
    else if (pattern[at] === '?') elements.push(() => true)
    else if (pattern[at] === '[') {
      const [accepts, end] = classAt(pattern, at + 1)
      elements.push(accepts)
      at = end
      continue
    } else if (pattern[at] === '\\' && at + 1 < pattern.length) {
      const escaped = pattern.charCodeAt(++at)
      elements.push((one) => one === escaped)
    } else elements.push((one) => one === code)
    at++
  }
  return elements
}

function classAt(pattern: string, from: number): [(code: number) => boolean, number] {
  const ranges: [number, number][] = []
  const isNegated = pattern[from] === '^'
  let at = isNegated ? from + 1 : from
  for (; at < pattern.length && pattern[at] !== ']'; at++) {
    const first = pattern.charCodeAt(at)
    if (pattern[at] === '\\' && at + 1 < pattern.length) {
      at++
      ranges.push([pattern.charCodeAt(at), pattern.charCodeAt(at)])
    } else if (pattern[at + 1] === '-' && at + 2 < pattern.length) {
      const last = pattern.charCodeAt(at + 2)
      ranges.push([Math.min(first, last), Math.max(first, last)])
      at += 2
    } else ranges.push([first, first])
  }
  return [(code) => ranges.some(([a, b]) => code >= a && code <= b) !== isNegated, at + 1]
}

export const globTarget: FuzzTarget = {
  name: 'glob',
  share: 8,
  open: () => ({
    make: patternAndText,
    run(input) {
      const at = input.lastIndexOf('\0')
      const [pattern, text] = [input.slice(0, Math.max(0, at)), input.slice(at + 1)]
      const isMatch = globMatch(pattern, text)
      must(
        isMatch === matchesByTable(pattern, text),
        `${JSON.stringify(pattern)} on ${JSON.stringify(text)}: ${isMatch}`,
      )
      globMatch(pattern, text, true)
      return isMatch
    },
  }),
}

function number(rng: Rng): string {
  switch (rng.below(6)) {
    case 0:
      return extremeDecimal(rng)
    case 1: {
      const view = new DataView(new ArrayBuffer(8))
      view.setUint32(0, rng.uint32())
      view.setUint32(4, rng.uint32())
      return rng.chance(0.5) ? String(view.getFloat64(0)) : formatDouble(view.getFloat64(0))
    }
    case 2:
      return `${rng.pick(['', '-', '+', ' '])}${rng.below(1e9)}${rng.pick(['', '.', '.5', 'e5', 'e-5', 'p3', 'kb', 'gb', '%', ' ', '\0'])}`
    case 3:
      return `${rng.pick(['', '-'])}0x${rng.hex(rng.below(20))}${rng.pick(['', '.8', 'p-5', 'p9999'])}`
    case 4:
      return randomBytes(rng, rng.below(12))
    default:
      return `${rng.pick(['1', '9', '0'])}${rng.pick(['0', '9', '3']).repeat(rng.below(rng.chance(0.02) ? 2000 : 30))}.${'7'.repeat(rng.below(20))}`
  }
}

export const numbersTarget: FuzzTarget = {
  name: 'numbers',
  share: 8,
  open: () => ({
    make: (rng) => (rng.chance(0.3) ? mutated(rng, number(rng)) : number(rng)),
    run(input) {
      const integer = parseInt64(input)
      must(isInt64Text(input) === (integer !== undefined), 'is it an integer or not?')
      if (integer !== undefined)
        must(String(integer) === input && BigInt.asIntN(64, BigInt(integer)) === BigInt(integer), `${integer}`)
      const value = parseDouble(input)
      parseLenientDouble(input)
      parseMemory(input)
      if (value !== undefined) {
        must(!Number.isNaN(value) || /nan/i.test(input), 'no number')
        const again = parseDouble(formatDouble(value))
        must(Number.isNaN(value) || Object.is(again, value), `${value} comes back as ${again}`)
        must(Number.isNaN(value) || parseDouble(formatStoredDouble(value)) === value, `${value} is stored otherwise`)
        geohashText(decodePosition(value))
        const {latitude, longitude} = decodePosition(Math.abs(value) % 2 ** 52)
        if (Number.isFinite(latitude)) encodePosition({latitude, longitude})
      }
      const long = parseLongDouble(input)
      if (long !== undefined) {
        const text = formatLongDouble(long)
        must(/^-?(?:\d+(?:\.\d+)?|inf|nan)$/.test(text), `as a long double ${text}`)
      }
      return value !== undefined
    },
  }),
}
