import {writeFileSync} from 'node:fs'
import {type Rng, seededRng} from '../../src/lib/kernel/rng.js'
import {RawConnection} from '../support/raw-resp.js'

/**
 * Writes `corpus/redis-dumps.txt`: what DUMP of a running redis-server says of random values of all types and encodings.
 *
 *   npx tsx test/fuzz/capture-dumps.ts PORT       the server's data is lost
 */
const FILE = new URL('./corpus/redis-dumps.txt', import.meta.url)
const ROUNDS = 8
/** Short ones: a changed byte then is likely to be one that matters. */
const BYTES_MAX = 700

const SETTINGS: readonly (readonly [string, readonly string[]])[] = [
  ['rdbcompression', ['yes', 'no']],
  ['list-max-listpack-size', ['-2', '3']],
  ['hash-max-listpack-entries', ['128', '0']],
  ['zset-max-listpack-entries', ['128', '0']],
  ['set-max-intset-entries', ['512', '0']],
  ['stream-node-max-entries', ['100', '3']],
]

function text(rng: Rng): string {
  switch (rng.below(6)) {
    case 0:
      return String(rng.below(300) - 100)
    case 1:
      return String(BigInt.asIntN(64, (BigInt(rng.uint32()) << 32n) | BigInt(rng.uint32())) >> BigInt(rng.below(60)))
    case 2:
      return 'ab'.repeat(rng.below(60))
    case 3:
      return rng.pick(['', '-0', '1.5', 'inf', '\0', '\xff\xfe', '007'])
    default:
      return rng.hex(1 + rng.below(12))
  }
}

function texts(rng: Rng, count: number): string[] {
  return Array.from({length: count}, () => text(rng))
}

/** Commands that leave one value each at `k`. */
function values(rng: Rng): readonly (readonly (readonly string[])[])[] {
  const size = 1 + rng.below(8)
  const scores = texts(rng, size).flatMap((member) => [
    rng.pick([String(rng.below(100)), '1.25', '-inf', '+inf', '-3e-7', '1e300', '9007199254740993']),
    member,
  ])
  const entries = Array.from({length: size + 3}, (_, i) => [
    ...['XADD', 'k', `${i + 1}-${rng.below(5)}`],
    ...(rng.chance(0.7) ? ['f', text(rng), 'g', text(rng)] : [text(rng), text(rng)]),
  ])
  return [
    [['SET', 'k', text(rng)]],
    [['SET', 'k', 'long '.repeat(rng.below(100))]],
    [['SETBIT', 'k', String(rng.below(200)), '1']],
    [['PFADD', 'k', ...texts(rng, size * 3)]],
    [['RPUSH', 'k', ...texts(rng, size)]],
    [['RPUSH', 'k', ...texts(rng, size * 4)]],
    [['SADD', 'k', ...texts(rng, size)]],
    [['SADD', 'k', ...Array.from({length: size}, () => String(rng.below(2 ** rng.below(32))))]],
    [['SADD', 'k', '-9223372036854775808', ...Array.from({length: size}, () => String(rng.below(9)))]],
    [['ZADD', 'k', ...scores]],
    [['GEOADD', 'k', '13.36', '38.11', text(rng), '-122.4', '37.7', 'x']],
    [['HSET', 'k', ...texts(rng, size * 2)]],
    [...entries],
    [
      ...entries,
      ...[
        ['XGROUP', 'CREATE', 'k', 'one', '0'],
        ['XGROUP', 'CREATE', 'k', text(rng), '$'],
      ],
      ['XREADGROUP', 'GROUP', 'one', 'alice', 'COUNT', '3', 'STREAMS', 'k', '>'],
      ['XREADGROUP', 'GROUP', 'one', 'bob', 'COUNT', '1', 'STREAMS', 'k', '>'],
      ...[
        ['XDEL', 'k', '2-0', '2-1', '2-2', '2-3', '2-4'],
        ['XACK', 'k', 'one', '1-0', '1-1'],
      ],
    ],
    [
      ['XADD', 'k', '18446744073709551615-18446744073709551614', 'f', '1'],
      ['XSETID', 'k', '18446744073709551615-18446744073709551615'],
    ],
  ]
}

const rng = seededRng(1)
const server = await RawConnection.open(Number(process.argv[2]))
const dumps = new Set<string>()
for (let round = 0; round < ROUNDS; round++) {
  for (const [name, choices] of SETTINGS) await server.call('CONFIG', 'SET', name, choices[round % choices.length]!)
  for (const commands of values(rng)) {
    await server.call('DEL', 'k')
    for (const command of commands) await server.call(...command)
    const reply = await server.call('DUMP', 'k')
    const bytes = reply.slice(reply.indexOf('\n') + 1, -2)
    if (reply.startsWith('$') && reply !== '$-1\r\n' && bytes.length <= BYTES_MAX) dumps.add(bytes)
  }
}
server.close()
const lines = [...dumps].map((bytes) => Buffer.from(bytes, 'latin1').toString('hex')).sort()
writeFileSync(FILE, `${lines.join('\n')}\n`)
process.stdout.write(`${lines.length} payloads\n`)
