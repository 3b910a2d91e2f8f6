import type {Server} from '../server.js'

/** Older ones are forgotten: whoever asks does so at once. */
const MARKS_MAX = 1024

/** What probes of other nodes left here: token -> when it came, Unix milliseconds. */
export class Marks {
  private readonly byToken = new Map<string, number>()

  add(token: string, nowMs: number): void {
    this.byToken.set(token, nowMs)
    for (const oldest of this.byToken.keys()) {
      if (this.byToken.size <= MARKS_MAX) break
      this.byToken.delete(oldest)
    }
  }

  get(token: string): number | undefined {
    return this.byToken.get(token)
  }
}

/** Beside the servers instead of inside, and gone with them. */
const MARKS = new WeakMap<Server, Marks>()

export function marksOf(server: Server): Marks {
  const known = MARKS.get(server)
  if (known !== undefined) return known
  const fresh = new Marks()
  MARKS.set(server, fresh)
  return fresh
}
