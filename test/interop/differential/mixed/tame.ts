import type {Rng} from '../../../../src/lib/kernel/rng.js'

/** Slips in commands, and what keeps a command's outcome defined whatever it was drawn as. */

const ODD = [
  '-1',
  '0',
  '',
  'x',
  '1.5',
  'nan',
  ' 1',
  '1e3',
  '0x10',
  '007',
  '4294967296',
  '9223372036854775807',
  '9223372036854775808',
  '-9223372036854775808',
  '18446744073709551616',
  '\x01\xff',
  'FOO',
]

/** What shows or does other things with a slip: the server's own affairs, chance, and pages of a walk. */
const UNSPOILT =
  /^(?:config|debug|client|hello|auth|function|script|eval|evalsha|fcall|command|spop|s?scan|hscan|zscan|restore|sort)/i

/** Wrong numbers of arguments, wrong ones, wrong order. */
export function spoil(rng: Rng, command: readonly string[]): string[] {
  if (UNSPOILT.test(command[0]!)) return [...command]
  const words = [...command]
  const at = 1 + rng.below(Math.max(1, words.length - 1))
  switch (rng.below(6)) {
    case 0:
      words.splice(at, 1)
      break
    case 1:
      words.splice(at, 0, rng.pick(ODD))
      break
    case 2:
      words[at] = rng.pick(ODD)
      break
    case 3:
      words.splice(at, 0, words[rng.below(words.length)]!)
      break
    case 4:
      words.length = at
      break
    default:
      words.push(...words.splice(1 + rng.below(words.length), 1))
  }
  return words
}

const RELATIVE = /^(?:p?expire|p?setex)$/i
/** By where their timeout stands. */
const TIMEOUT_LAST = /^(?:b[lr]pop|blmove|brpoplpush|bzpop(?:min|max))$/i
const TIMEOUT_FIRST = /^(?:blmpop|bzmpop)$/i
const GEO_SEARCH = /^geo(?:search|radius)/i

/**
 * What only time or chance decides is not asked for:
 * - deadlines within the run's own time, but those the run waits for;
 * - waits without end by who is to go on, and idle times of a few milliseconds;
 * - the order among elements of one distance, unless the distances are shown, and which of them a store takes;
 * - what SPOP takes, unless it takes all; RANDOMKEY, which deletes what has run out among the keys it tries;
 * - texts with zero bytes, where they end an error's text or leave open to the C library's order of texts.
 */
export function tame(command: readonly string[]): string[] {
  const words = command.map((word) => (word === '\0\r\n\xff' ? '\x01\r\n\0\xff' : word))
  const name = words[0]!
  if (/^spop$/i.test(name) && words.length === 2) return ['SCARD', words[1]!]
  if (/^debug$/i.test(name) && words[1] === 'RELOAD') return ['PING']
  if (RELATIVE.test(name) && words.length > 2) words[2] = farAway(words[2]!)
  if (TIMEOUT_LAST.test(name)) words.push(shortWait(words.pop()!))
  if (TIMEOUT_FIRST.test(name) && words.length > 1) words[1] = shortWait(words[1]!)
  for (let i = 1; i + 1 < words.length; i++) {
    const option = words[i]!.toLowerCase()
    // Beyond the strings that this node can hold, and half a gigabyte over there.
    if ((/^[iu]\d+$/.test(option) || /^setbit$/i.test(name)) && words[i + 1] === '4294967295') words[i + 1] = 'x'
    if (option === 'ex' || option === 'px') words[i + 1] = farAway(words[i + 1]!)
    else if (option === 'block' && /^\d+$/.test(words[i + 1]!)) words[i + 1] = '1'
    else if (option === 'idle' && /^xpending$/i.test(name) && /^\d{1,6}$/.test(words[i + 1]!)) words[i + 1] = '0'
  }
  return GEO_SEARCH.test(name) ? tameSearch(words) : words
}

const farAway = (deadline: string): string =>
  /^[1-9]\d{0,4}$/.test(deadline) ? `1${deadline.padStart(5, '0')}` : deadline

function shortWait(text: string): string {
  const seconds = Number(text)
  const isLong = /^\S/.test(text) && (seconds === 0 || (seconds > 0.01 && seconds < 1e15))
  return isLong ? '0.001' : text
}

function tameSearch(words: string[]): string[] {
  const has = (word: string): boolean => words.some((one) => one.toLowerCase() === word)
  const isStored = /store$/i.test(words[0]!) || has('store') || has('storedist')
  if (isStored) return has('count') && !has('any') ? ['PING'] : words
  const isOrdered = has('asc') || has('desc') || (has('count') && !has('any'))
  return isOrdered && !has('withdist') ? [...words, 'WITHDIST'] : words
}
