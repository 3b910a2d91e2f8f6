import {parseInt64} from '../../arguments.js'
import {rewrite} from './rewrite.js'
import {isSketch} from './sketches.js'
import {type Translate, type Unit, writeDeadline} from './unit.js'

/** SET and all that goes out as SET. */
const set: Translate = (unit, argv) => {
  const [, key, value] = argv as [string, string, string]
  if (argv.length === 3 && unit.writer(key).setPlain(key, value)) return
  replaceText(unit, key, value)
  let keepsDeadline = false
  let atMs: number | undefined
  for (let i = 3; i < argv.length; i++) {
    const word = argv[i]!.toLowerCase()
    if (word === 'keepttl') keepsDeadline = true
    else if (word === 'pxat') atMs = Number(argv[++i])
  }
  if (atMs !== undefined) writeDeadline(unit, key, atMs)
  else if (!keepsDeadline) unit.writer(key).clearDeadline(key)
}

/** What was there may be of another type; and a sketch stays one if it is given another. */
function replaceText(unit: Unit, key: string, value: string): void {
  const writer = unit.writer(key)
  const before = writer.typeOf(key)
  if (before !== undefined && before !== 'string') writer.resetKey(key)
  if (before === 'hll' && isSketch(value)) writer.addSketch(key, value)
  else writer.setString(key, value)
}

const mset: Translate = (unit, argv) => {
  for (let i = 1; i < argv.length; i += 2) {
    if (unit.writer(argv[i]!).setPlain(argv[i]!, argv[i + 1]!)) continue
    replaceText(unit, argv[i]!, argv[i + 1]!)
    unit.writer(argv[i]!).clearDeadline(argv[i]!)
  }
}

/** APPEND, SETRANGE, SETBIT, BITFIELD: the whole value as it is now. */
const whole: Translate = (unit, argv) => {
  const value = unit.visible(argv[1]!)
  if (typeof value === 'string') unit.writer(argv[1]!).setString(argv[1]!, value)
}

function adding(stepOf: (argv: readonly string[]) => number | bigint): Translate {
  return (unit, argv) => unit.writer(argv[1]!).addToString(argv[1]!, stepOf(argv))
}

const requireStep = (argv: readonly string[]): number | bigint => parseInt64(argv[2]!)!

/** A sketch made of a plain string that happens to hold one begins here. */
const sketch: Translate = (unit, argv) => {
  const key = argv[1]!
  const value = unit.visible(key)
  if (typeof value !== 'string') return
  const writer = unit.writer(key)
  if (unit.typeOf(key) === 'string') writer.resetKey(key)
  writer.addSketch(key, value)
}

export const STRING_TRANSLATORS: readonly (readonly [string, Translate])[] = [
  ['set', set],
  ['setnx', set],
  ['mset', mset],
  ['msetnx', mset],
  ['append', whole],
  ['setrange', whole],
  ['setbit', whole],
  ['bitfield', whole],
  ['bitop', (unit, argv) => rewrite(unit, argv[2]!)],
  ['incr', adding(() => 1)],
  ['decr', adding(() => -1)],
  ['incrby', adding(requireStep)],
  ['decrby', adding((argv) => negated(requireStep(argv)))],
  ['pfadd', sketch],
  ['pfmerge', sketch],
]

function negated(step: number | bigint): number | bigint {
  return typeof step === 'bigint' ? -step : -step
}
