/** Members and their scores side by side; index i of both belongs together. */
export class ScoredList {
  readonly members: string[] = []
  readonly scores: number[] = []

  get size(): number {
    return this.members.length
  }

  push(member: string, score: number): void {
    this.members.push(member)
    this.scores.push(score)
  }

  /** From the last to the first. */
  reverse(): void {
    this.members.reverse()
    this.scores.reverse()
  }
}

/** By score, then by the bytes of the member: the order of every sorted set. */
export function isBefore(score: number, member: string, otherScore: number, otherMember: string): boolean {
  return score < otherScore || (score === otherScore && member < otherMember)
}

function isSorted({members, scores}: ScoredList): boolean {
  for (let i = 1; i < members.length; i++) {
    if (!isBefore(scores[i - 1]!, members[i - 1]!, scores[i]!, members[i]!)) return false
  }
  return true
}

/** Sorts in place. */
export function sortScored(list: ScoredList): void {
  if (isSorted(list)) return
  const {members, scores} = list
  const order = members.map((_, i) => i)
  order.sort((a, b) => {
    const byScore = scores[a]! - scores[b]!
    // Infinity less infinity is no number.
    if (byScore !== 0 && scores[a] !== scores[b]) return byScore
    return members[a]! < members[b]! ? -1 : members[a] === members[b] ? 0 : 1
  })
  const sortedMembers = order.map((i) => members[i]!)
  const sortedScores = order.map((i) => scores[i]!)
  for (let i = 0; i < order.length; i++) {
    members[i] = sortedMembers[i]!
    scores[i] = sortedScores[i]!
  }
}

/** Whether an element lies before some point of the order: true up to it, false from there on. */
export type Before = (score: number, member: string) => boolean

/** What both forms of a sorted set can do. Ranks count from 0 in ascending order. */
export interface ScoredMembers {
  readonly size: number
  scoreOf(member: string): number | undefined
  /** The member must not be there. */
  add(member: string, score: number): void
  /** The member must be there with the score `before`. */
  setScore(member: string, before: number, score: number): void
  /** @returns whether it was there */
  remove(member: string): boolean
  /** The member must be there with that score. */
  rankOf(member: string, score: number): number
  /** How many elements lie before a point. */
  countBefore(before: Before): number
  /** Appends `count` elements from `rank` on to `list`, ascending; all of them must be there. */
  slice(rank: number, count: number, list: ScoredList): void
  /** Removes `count` elements from `rank` on; all of them must be there. */
  removeRange(rank: number, count: number): void
  sizeBytes(): number
}
