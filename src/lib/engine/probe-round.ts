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
 * A way passes if anything came through it: what its first end sent on a connection of its own, or what it answered on one
 * that the other end had opened. It takes as long as the faster of the two took.
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
    const [own, other] = [tries.get(keyOf(from, to)), tries.get(keyOf(to, from))]
    if (own === undefined || other === undefined) return []
    const times = [...between(own.sentMs, own.seenMs), ...between(other.seenMs, other.answeredMs)]
    const delayMs = Math.min(...times)
    return [delayMs <= withinMs ? {delayMs, from, passes: true, to} : {from, passes: false, to}]
  })
}

/** Clocks of one machine: what is less than nothing is nothing. */
function between(startMs: number | null, endMs: number | null): number[] {
  return startMs === null || endMs === null ? [] : [Math.max(0, endMs - startMs)]
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
