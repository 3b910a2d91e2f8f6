import type {WireReply} from '../client/migration/reply-reader.js'
import type {Link} from '../model/links.js'
import type {LinkReading} from './links.js'

/** Of one try: when it was sent, came there and was answered, as its sender knows it. Unix milliseconds. */
export type ProbeAnswer = readonly [sentMs: number | null, seenMs: number | null, answeredMs: number | null]

/** @param reply - of SHOAL.FAULT PROBE */
export function probeAnswers(reply: WireReply): ProbeAnswer[] {
  return listOf(reply).map((answer) => {
    const [sentMs, seenMs, answeredMs] = timesOf(answer)
    return [sentMs ?? null, seenMs ?? null, answeredMs ?? null]
  })
}

/** @param reply - an array of Unix milliseconds or nil, as of SHOAL.FAULT MARKED */
export function timesOf(reply: WireReply): (number | null)[] {
  return listOf(reply).map((time) => (typeof time === 'number' ? time : null))
}

function listOf(reply: WireReply): readonly WireReply[] {
  return Array.isArray(reply) ? reply : []
}

/** What one node tried on connections that it opened. */
export interface ProbeRound {
  readonly from: string
  readonly tries: readonly {readonly peer: string; readonly token: string}[]
  /** As many as `tries`. */
  readonly answers: readonly ProbeAnswer[]
}

/**
 * A way passes if what its first end sent on a connection of its own came there, and what it answered on one that the other
 * end had opened came too, as far as there was something to answer.
 *
 * @param marks - when each token was seen, by who was meant to; null: it was not
 * @returns in the order of `links`; those whose ends could not be asked are left out
 */
export function asReadings(
  links: readonly Link[],
  rounds: readonly ProbeRound[],
  marks: ReadonlyMap<string, number | null>,
  withinMs: number,
): LinkReading[] {
  const tries = new Map(rounds.flatMap((round) => [...triesOf(round, marks)]))
  return links.flatMap(({from, to}): LinkReading[] => {
    const forth = tries.get(keyOf(from, to))
    const back = tries.get(keyOf(to, from))
    if (forth === undefined || back === undefined) return []
    const {seenMs, sentMs} = forth
    const isAnswerLost = back.seenMs !== null && back.answeredMs === null
    if (sentMs === null || seenMs === null || isAnswerLost || seenMs - sentMs > withinMs) {
      return [{from, passes: false, to}]
    }
    return [{delayMs: Math.max(0, seenMs - sentMs), from, passes: true, to}]
  })
}

interface Try {
  readonly sentMs: number | null
  readonly seenMs: number | null
  readonly answeredMs: number | null
}

function* triesOf(
  {answers, from, tries}: ProbeRound,
  marks: ReadonlyMap<string, number | null>,
): Iterable<readonly [string, Try]> {
  for (const [index, {peer, token}] of tries.entries()) {
    const [sentMs, seenMs, answeredMs] = answers[index] ?? [null, null, null]
    yield [keyOf(from, peer), {answeredMs, seenMs: seenMs ?? marks.get(token) ?? null, sentMs}]
  }
}

function keyOf(from: string, to: string): string {
  return `${from} ${to}`
}
