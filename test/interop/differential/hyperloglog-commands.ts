import type {Rng} from '../../../src/lib/kernel/rng.js'

/** Random commands on sketches, whole and broken. */
type Make = (rng: Rng) => string[]

const HEADER = 'HYLL\x01\0\0\0\0\0\0\0\0\0\0\x80'
const BROKEN = [
  '',
  'HYLL',
  '42',
  'x'.repeat(12_304),
  HEADER,
  `${HEADER}\x7f\xfe`,
  `${HEADER}\x7f\xff\x00`,
  `${HEADER}\x80\x7f\xff`,
  `${HEADER}\x7f\xff\x80`,
  `HYLL\x02${HEADER.slice(5)}\x7f\xff`,
  `HYLL\x00${HEADER.slice(5)}\x7f\xff`,
  `HELL\x01${HEADER.slice(5)}\x7f\xff`,
  // Twice the longest run of one, where one would do.
  `${HEADER}\x83\x83\x7f\xf7`,
]

const key = (rng: Rng): string => (rng.chance(0.01) ? 'other' : `k${rng.below(5)}`)

function elements(rng: Rng): string[] {
  const few = rng.below(4)
  const count = rng.chance(0.03) ? 1500 : rng.chance(0.1) ? 100 : few
  return Array.from({length: count}, () => {
    const number = rng.below(1_000_000)
    return rng.chance(0.3) ? 'x'.repeat(number % 20) + number : rng.chance(0.2) ? `\0\xff\x80${number}` : String(number)
  })
}

export const SKETCHES: readonly Make[] = [
  (rng) => ['PFADD', key(rng), ...elements(rng)],
  (rng) => ['PFADD', key(rng), ...elements(rng)],
  (rng) => ['PFADD', key(rng), ...elements(rng)],
  (rng) => ['PFCOUNT', key(rng)],
  (rng) => ['PFCOUNT', key(rng), key(rng), key(rng)],
  (rng) => ['PFMERGE', key(rng), ...Array.from({length: rng.below(4)}, () => key(rng))],
  (rng) => ['PFDEBUG', rng.pick(['DECODE', 'encoding', 'ENCODING', 'FOO', 'DECODE']), key(rng)],
  (rng) => ['PFDEBUG', rng.chance(0.1) ? rng.pick(['TODENSE', 'GETREG']) : 'ENCODING', key(rng)],
  (rng) => ['GET', key(rng)],
  (rng) => ['GET', key(rng)],
  (rng) => ['DUMP', key(rng)],
  (rng) => ['DEL', key(rng)],
  (rng) => ['SET', 'broken', rng.pick(BROKEN)],
  (rng) => [rng.pick(['PFADD', 'PFCOUNT', 'GET']), 'broken'],
  (rng) => ['PFADD', 'broken', String(rng.below(100))],
  (rng) => ['PFCOUNT', 'broken', key(rng)],
  (rng) => ['PFMERGE', rng.pick(['broken', 'new']), 'broken'],
  (rng) => ['PFDEBUG', rng.pick(['DECODE', 'TODENSE']), 'broken'],
  (rng) => ['WATCH', key(rng)],
  () => ['MULTI'],
  () => ['EXEC'],
  (rng) => ['CONFIG', 'SET', 'hll-sparse-max-bytes', rng.pick(['0', '20', '300', '3000', '3000', '12000'])],
]
