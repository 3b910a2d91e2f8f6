import type {NodeView} from '../../model/cluster-view.js'

/** Which nodes understand what others give by DUMP. */

/**
 * The version of what DUMP gives and RESTORE takes, by the version of the server; a node takes none that is newer than its
 * own. Only what is known for certain.
 *
 * @returns undefined if it is not known
 */
export function payloadVersionOf({info}: Pick<NodeView, 'info'>): number | undefined {
  const [text, known] = info.has('valkey_version')
    ? [info.get('valkey_version'), VALKEY_PAYLOADS]
    : [info.get('redis_version'), REDIS_PAYLOADS]
  const [major = 0, minor = 0] = (text ?? '').split('.').map(Number)
  return known.find(([from, to]) => major + minor / 100 >= from && major + minor / 100 <= to)?.[2]
}

/** First and last version as MAJOR.MM, and the version of their payloads. */
type PayloadRange = readonly [first: number, last: number, payload: number]
const REDIS_PAYLOADS: readonly PayloadRange[] = [
  [5, 6.99, 9],
  [7, 7.01, 10],
  [7.02, 7.03, 11],
  [7.04, 8, 12],
]
const VALKEY_PAYLOADS: readonly PayloadRange[] = [
  [7.02, 8.99, 11],
  [9, 9, 80],
]

/** Valkey takes none of those between its last common one with Redis and its own. */
const FOREIGN_FIRST = 12
const FOREIGN_LAST = 79

/**
 * @param sent - `payloadVersionOf` the node that gives them
 * @returns undefined if it is not known
 */
export function takesPayloads(target: Pick<NodeView, 'info'>, sent: number | undefined): boolean | undefined {
  const taken = payloadVersionOf(target)
  if (sent === undefined || taken === undefined) return undefined
  const foreign = target.info.has('valkey_version') && sent >= FOREIGN_FIRST && sent <= FOREIGN_LAST
  return sent <= taken && !foreign
}
