import {parseAddressMap} from '../../../src/lib/cli/connect-flags.js'
import {parseDuration} from '../../../src/lib/cli/duration.js'
import {parseWeights} from '../../../src/lib/cli/weights.js'
import {parseClusterNodes, parseInfo} from '../../../src/lib/client/cluster-nodes.js'
import {parseTaskRanges, readFields} from '../../../src/lib/client/migration/atomic.js'
import {readSlotStats} from '../../../src/lib/client/slot-stats.js'
import {parseNodeConfAddress} from '../../../src/lib/engine/node-conf.js'
import {parseCommandLine, parsePsLine, parseStat} from '../../../src/lib/engine/process-table.js'
import {CliError} from '../../../src/lib/kernel/errors.js'
import type {Rng} from '../../../src/lib/kernel/rng.js'
import {parseAddress, renderAddress} from '../../../src/lib/model/address.js'
import {parseRanges, renderRanges} from '../../../src/lib/model/slot-set.js'
import {parseJob} from '../../../src/lib/operations/journal.js'
import {readEpochs} from '../../../src/lib/operations/migration/barrier.js'
import {functionsIn} from '../../../src/lib/operations/traits.js'
import {parseManifest} from '../../../src/lib/plan/backup/manifest.js'
import {parseSlotSelection, parseSources} from '../../../src/lib/plan/moves/reshard.js'
import {parseMovePlan} from '../../../src/lib/plan/moves/reshard-document.js'
import {elements} from '../corpus/packed.js'
import {extremeDecimal, mutated, mutateOnce} from '../mutate.js'
import {attempt, type FuzzTarget, mustEqual} from '../target.js'

/** Text that the tools read: of nodes, of files that a crash or a person may have damaged, of flags. */

const A = 'a'.repeat(40)
const B = 'b'.repeat(40)
const STEP = {from: A, keys: 5, slots: '0-5,7', to: B}
const PLAN = {basedOn: [], kind: 'move-slots', steps: [STEP], version: 1}
const FILE = {bytes: 5, file: 'shard-0.rdb', sha256: 'e'.repeat(64)}
const MANIFEST = {
  ...{
    acl: {...FILE, users: ['user default on']},
    config: {},
    finishedAt: '2026-01-01T00:00:00Z',
    format: 'shoal-backup',
  },
  ...{functions: FILE, startedAt: '2026-01-01T00:00:00Z', version: 1, warnings: []},
  shards: [{...FILE, expires: 1, keys: {list: 3}, memoryBytes: 5, slots: '0-99', source: {}, strayKeys: 0}],
}
const JOB = [
  {
    at: '2026-01-01T00:00:00Z',
    command: 'reshard',
    id: 'x',
    plan: PLAN,
    seed: '127.0.0.1:7000',
    type: 'job',
    version: 1,
  },
  ...[
    {pid: 1, type: 'run'},
    {from: A, slots: '0-5', to: B, type: 'opening'},
    {slots: '0-5', type: 'done'},
    {keys: 7, type: 'reached'},
  ],
]
const NODES = [
  `${A} 127.0.0.1:7000@17000,host myself,master - 0 0 3 connected 0-99 200 [5->-${B}] [6-<-${B}]`,
  `${B} [::1]:7001@17001,,shard-id=x slave,fail? ${A} 1 2 4 disconnected`,
]
const INFO = '# Server\r\nredis_version:7.0.15\r\ncluster_current_epoch:6\r\ncluster_my_epoch:2\r\nused_memory:5\r\n'
const SMALL = [
  '127.0.0.1:7000',
  '[::1]:7000',
  '/run/redis.sock',
  '0-99,300',
  '5,',
  'a=2',
  '10.0.0.5:1=b:2',
  '1500ms',
  '0-9 20-29',
  'all',
  `${A}=3`,
]
const PROCESS = [
  '1234 (node (x)) S 1 1 1 0 -1 4194560 1 0 0 0 1 1 0 0 20 0 11 0 5 6',
  ' 1234 Mon Jan  1 00:00:00 2026 node bin/server.js',
  'node\0server.js\0',
  'bind 127.0.0.1\nport 7000\n',
]

function lineOf(rng: Rng): string {
  const words = rng.pick(NODES).split(' ')
  if (rng.chance(0.4)) words[rng.below(words.length)] = rng.chance(0.5) ? extremeDecimal(rng) : ''
  return words.join(' ')
}

/** A document with a part of it exchanged for something of another type. */
function damaged(rng: Rng, value: unknown): unknown {
  if (rng.chance(0.1)) return rng.pick([null, 0, -1, 1e300, '', 'x', [], {}, true, [null], {a: null}])
  if (Array.isArray(value)) return value.map((one: unknown) => (rng.chance(0.4) ? damaged(rng, one) : one))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [name, rng.chance(0.3) ? damaged(rng, one) : one]),
  )
}

function document(rng: Rng): string {
  if (rng.chance(0.5)) return JSON.stringify(damaged(rng, rng.pick([PLAN, MANIFEST, [1, ['cpu-usec', 5]]])))
  return JOB.map((line) => JSON.stringify(rng.chance(0.5) ? damaged(rng, line) : line)).join('\n')
}

function make(rng: Rng): string {
  switch (rng.below(5)) {
    case 0:
      return Array.from({length: 1 + rng.below(3)}, () => lineOf(rng)).join('\n')
    case 1:
      return mutated(rng, INFO)
    case 2:
      return mutateOnce(rng, rng.pick([...SMALL, ...PROCESS]))
    case 3:
      return rng.chance(0.2) ? mutated(rng, document(rng)) : document(rng)
    default:
      return mutated(rng, rng.pick([...NODES, ...SMALL, ...elements(rng, 3)]))
  }
}

function json(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Each of them is given everything: what is meant for another is noise to it. */
function run(input: string): boolean {
  const taken = [
    attempt(() => parseClusterNodes(input, {host: '127.0.0.1', port: 7000}), RangeError),
    attempt(() => parseManifest(input), CliError),
    attempt(() => parseMovePlan(input), CliError),
    attempt(() => parseJob('x', input), CliError),
    attempt(() => parseSlotSelection(input), CliError),
    attempt(() => parseSources(input), CliError),
    attempt(() => parseWeights([input]), CliError),
    attempt(() => parseAddressMap([input]), CliError),
    parseDuration(input),
    readEpochs(input),
    parseStat(input),
    parsePsLine(input),
    parseNodeConfAddress(input),
  ]
  const info = parseInfo(input)
  parseCommandLine(input)
  parseTaskRanges(input)
  const value = json(input)
  if (value !== undefined) {
    readSlotStats(value as never)
    readFields(value as never)
    functionsIn(value, {info})
  }
  const address = attempt(() => parseAddress(input), CliError)
  if (address !== undefined) mustEqual(parseAddress(renderAddress(address)), address, 'rendered and read again')
  const ranges = parseRanges(input)
  if (ranges !== undefined) mustEqual(parseRanges(renderRanges(ranges)), ranges, 'rendered and read again')
  return taken.some((one) => one !== undefined) || address !== undefined || ranges !== undefined
}

export const clientTextTarget: FuzzTarget = {name: 'client-text', open: () => ({make, run}), share: 8}
