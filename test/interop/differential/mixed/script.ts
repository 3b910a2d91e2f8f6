import {type Rng, seededRng} from '../../../../src/lib/kernel/rng.js'
import {BITMAPS} from '../bitmap-commands.js'
import {GEO} from '../geo-commands.js'
import {SKETCHES} from '../hyperloglog-commands.js'
import {makeListCommand} from '../list-commands.js'
import {SCRIPTING} from '../script-commands.js'
import {HASHES, SETS, SETS_AND_HASHES} from '../sets-hashes-commands.js'
import {makeSortCommand} from '../sort-commands.js'
import {SORTED_SETS} from '../sorted-sets-commands.js'
import {makeStreamCommand, restartIds} from '../stream-commands.js'
import {makeStringCommand} from '../string-commands.js'
import {BLOCKING, GENERIC, READING} from './generic-commands.js'
import {inScript, type Request} from './lua.js'
import {hasPromise, ofLexFamily, SHARED, share} from './names.js'
import {spoil, tame} from './tame.js'

/** What is done to both servers, drawn from a seed before anything runs, so that parts can be left out of it. */

/** a and b run commands; c and d wait for keys; the reader is told of changes to what it read. */
export type Client = 'a' | 'b' | 'c' | 'd' | 'reader'

export type Step =
  | ({readonly kind: 'command'; readonly who: Client} & Request)
  /** A whole walk: `argv` with `0` for a cursor. */
  | {readonly kind: 'scan'; readonly who: Client; readonly argv: readonly string[]}
  /** The dump of a key, of one of the servers, goes to another key of both. */
  | {readonly kind: 'transfer'; readonly who: Client; readonly from: string; readonly argv: readonly string[]}
  /** Sets a deadline (`{soon}`, in Unix milliseconds), and waits until it is over. */
  | {readonly kind: 'lapse'; readonly who: Client; readonly argv: readonly string[]}
  /** Until the servers themselves removed all that has run out. */
  | {readonly kind: 'purge'}
  | {readonly kind: 'unblock'; readonly who: Client; readonly whom: 'c' | 'd'; readonly how: string}

export interface ScriptOptions {
  readonly seed: number
  readonly resp: '2' | '3'
  readonly inCluster: boolean
  /** So many steps; a walk or a transfer is one. */
  readonly length: number
}

type Make = (rng: Rng) => string[]

const from =
  (makers: readonly Make[]): Make =>
  (rng) =>
    rng.pick(makers)(rng)

/** By weight. */
const FAMILIES: readonly (readonly [weight: number, make: Make])[] = [
  [13, makeStringCommand],
  [8, from(BITMAPS)],
  [4, from(SKETCHES)],
  [12, makeListCommand],
  [8, from(SETS)],
  [8, from(HASHES)],
  [3, from(SETS_AND_HASHES)],
  [13, (rng) => ofLexFamily(from(SORTED_SETS)(rng))],
  [6, from(GEO)],
  [7, makeSortCommand],
  [14, makeStreamCommand],
  [2, from(SCRIPTING)],
  [12, from(GENERIC)],
]
const WEIGHT = FAMILIES.reduce((sum, [weight]) => sum + weight, 0)

function draw(rng: Rng, inCluster: boolean): string[] {
  let left = rng.below(WEIGHT)
  const [, make] = FAMILIES.find(([weight]) => {
    left -= weight
    return left < 0
  })!
  const command = share(rng, make(rng), inCluster)
  return tame(rng.chance(0.06) && !hasPromise(command) ? spoil(rng, command) : command)
}

/** Fewer transactions than the families begin: half of a stream would be queued. */
function drawRequest(rng: Rng, inCluster: boolean): Request {
  if (rng.chance(0.13)) return inScript(rng, () => draw(rng, inCluster))
  const argv = draw(rng, inCluster)
  return {argv: argv[0] === 'MULTI' && rng.chance(0.5) ? ['PING'] : argv}
}

/**
 * After a number that was out of range for whatever command, SORT refuses numbers over there that it takes at other times
 * (it finds the C library's errno as others left it); after a cursor was read, it does not.
 */
const FORGETTING = ['SSCAN', 'never', '0']

const isSort = ({argv, inner}: Request): boolean => /^sort/i.test(argv[0]!) || (inner?.requests.some(isSort) ?? false)

/** How long one of a and b goes on before the other may have a turn. */
const TURN_LENGTH = 24

export function makeScript({inCluster, length, resp, seed}: ScriptOptions): Step[] {
  const rng = seededRng(seed * 4 + Number(resp) - 2 + (inCluster ? 2 : 0))
  restartIds()
  const inOneSlot = (argv: string[]): string[] => share(rng, argv, inCluster)
  const key = (): string => inOneSlot(['', rng.pick(SHARED)])[1]!
  const steps: Step[] = []
  let who: Client = 'a'
  while (steps.length < length) {
    if (rng.below(TURN_LENGTH) === 0) who = who === 'a' ? 'b' : 'a'
    const kind = rng.below(1000)
    if (kind < 30) {
      steps.push({kind: 'command', who: rng.pick(['c', 'd']), argv: inOneSlot(rng.pick(BLOCKING)(rng))})
    } else if (kind < 55) {
      const argvs = Array.from({length: 3}, () => inOneSlot(rng.pick(READING)(rng)))
      steps.push(...argvs.map((argv): Step => ({kind: 'command', who: 'reader', argv})))
    } else if (kind < 61) {
      steps.push({kind: 'scan', who, argv: walk(rng, key)})
    } else if (kind < 70) {
      const options = rng.pick([['REPLACE'], ['REPLACE'], [], ['ABSTTL'], ['REPLACE', 'IDLETIME', '5'], ['FREQ', '3']])
      const deadline = rng.pick(['0', '0', '4102444800000', '-1'])
      const argv = ['RESTORE', key(), deadline, '{payload}', ...options, ...(deadline === '0' ? [] : ['ABSTTL'])]
      steps.push({kind: 'transfer', who, from: key(), argv})
    } else if (kind < 73) {
      steps.push({kind: 'lapse', who, argv: lapsing(rng, key())})
    } else if (kind < 77) {
      steps.push({kind: 'unblock', who, whom: rng.pick(['c', 'd']), how: rng.pick(['TIMEOUT', 'ERROR'])})
    } else if (kind === 77 && rng.chance(0.3)) {
      steps.push({kind: 'purge'})
    } else {
      const request = drawRequest(rng, inCluster)
      if (isSort(request)) steps.push({kind: 'command', who, argv: FORGETTING})
      steps.push({kind: 'command', who, ...request})
    }
  }
  return steps
}

function walk(rng: Rng, key: () => string): string[] {
  const name = rng.pick(['SCAN', 'SSCAN', 'HSCAN', 'ZSCAN'])
  const argv = name === 'SCAN' ? [name, '0'] : [name, key(), '0']
  if (rng.chance(0.5)) argv.push('COUNT', rng.pick(['1', '3', '20', '1000']))
  if (rng.chance(0.3)) argv.push('MATCH', rng.pick(['*', 'm*', '*1*', '[a-f]*']))
  if (name === 'SCAN' && rng.chance(0.4)) argv.push('TYPE', rng.pick(['string', 'LIST', 'stream', 'zset', 'x']))
  return argv
}

const lapsing = (rng: Rng, key: string): string[] =>
  rng.pick([
    ['PEXPIREAT', key, '{soon}'],
    ['PEXPIREAT', key, '{soon}'],
    ['PEXPIREAT', key, '{soon}', 'LT'],
    ['SET', key, 'v', 'PXAT', '{soon}'],
    ['GETEX', key, 'PXAT', '{soon}'],
  ])

/** As redis-cli takes it, one step per line. */
export function showStep(step: Step): string {
  if (step.kind === 'purge') return '(until all that ran out is gone)'
  if (step.kind === 'unblock') return `${step.who}> CLIENT UNBLOCK (id of ${step.whom}) ${step.how}`
  const line = `${step.who}> ${step.argv.map(showWord).join(' ')}`
  if (step.kind === 'scan') return `${line} (and on to the end)`
  if (step.kind === 'transfer') return `${line} (of ${step.from})`
  return step.kind === 'lapse' ? `${line} (and wait)` : line
}

function showWord(word: string): string {
  if (/^[!-!#-&(-~]+$/.test(word)) return word
  const escaped = word.replace(/["\\]/g, '\\$&').replace(/\n/g, '\\n').replace(/\r/g, '\\r')
  return `"${escaped.replace(/[^ -~]/g, (one) => `\\x${one.charCodeAt(0).toString(16).padStart(2, '0')}`)}"`
}
