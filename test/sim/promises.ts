import type {Checker} from './checkers/checker.js'
import {Violation} from './checkers/checker.js'
import type {ElectionChecker} from './checkers/elections.js'
import type {SimNode} from './sim-node.js'

/** What the application may expect to read, from what it was told when it wrote. Every key has one writer. */
export interface Promises {
  readonly keys: readonly string[]
  begin(key: string, value: string): void
  /** @param by - who answered */
  acknowledged(key: string, value: string, by: SimNode, waited: boolean): void
  /** No attempt can have been carried out. */
  refused(key: string, value: string): void
  /** @param isFinal - after all is healed. @throws Violation `no-lost-write` */
  check(key: string, value: string | undefined, isFinal: boolean): void
}

/**
 * Without failover nothing is ever lost: a read returns the last acknowledged value, or any value written since whose
 * outcome is unknown (no answer came).
 */
export class StrictPromises implements Promises {
  private readonly possible = new Map<string, Set<string | undefined>>()

  get keys(): readonly string[] {
    return [...this.possible.keys()]
  }

  begin(key: string, value: string): void {
    this.allowed(key).add(value)
  }

  acknowledged(key: string, value: string): void {
    const allowed = this.allowed(key)
    allowed.clear()
    allowed.add(value)
  }

  refused(key: string, value: string): void {
    this.allowed(key).delete(value)
  }

  check(key: string, value: string | undefined): void {
    requireAllowed(key, value, this.allowed(key))
  }

  private allowed(key: string): Set<string | undefined> {
    let values = this.possible.get(key)
    if (!values) {
      values = new Set([undefined])
      this.possible.set(key, values)
    }
    return values
  }
}

interface Write {
  readonly value: string
  isRefused: boolean
  /** Acknowledged by every copy. */
  isEverywhere: boolean
  /** When it was last made, by whomever; virtual ms. */
  madeMs: number
  /** Accepted then (virtual ms) by the shard's rightful primary; undefined: by another, or not acknowledged. */
  rightfulMs: number | undefined
}

/**
 * Asynchronous replication loses what was not copied when a replica takes over; but not what every copy has acknowledged,
 * and nothing in a manual failover. In the end a key holds its last write that must have survived, or a later one.
 */
export class ReplicatedPromises implements Promises, Checker {
  private readonly writes = new Map<string, Write[]>()
  /** By key: when each node accepted the last write as the rightful primary. */
  private readonly accepted = new Map<string, Map<SimNode, number>>()

  constructor(private readonly elections: ElectionChecker) {}

  get keys(): readonly string[] {
    return [...this.writes.keys()]
  }

  onWrite(node: SimNode, key: string): void {
    this.last(key).madeMs = node.virtualMs()
    const atMs = this.elections.isRightful(node, key) ? node.virtualMs() : undefined
    if (atMs !== undefined) this.accepted.get(key)?.set(node, atMs)
    else this.accepted.get(key)?.delete(node)
  }

  begin(key: string, value: string): void {
    const writes = this.writes.get(key) ?? []
    this.writes.set(key, writes)
    writes.push({isEverywhere: false, isRefused: false, madeMs: 0, rightfulMs: undefined, value})
    this.accepted.set(key, new Map())
  }

  acknowledged(key: string, _value: string, by: SimNode, waited: boolean): void {
    const write = this.last(key)
    write.isEverywhere = waited
    write.rightfulMs = this.accepted.get(key)?.get(by)
  }

  refused(key: string): void {
    this.last(key).isRefused = true
  }

  check(key: string, value: string | undefined, isFinal: boolean): void {
    // While there are faults, a primary that has been replaced may not know it yet.
    if (!isFinal) return
    const allowed = new Set<string | undefined>([undefined])
    for (const write of this.writes.get(key) ?? []) {
      if (this.mustSurvive(key, write)) allowed.clear()
      if (!write.isRefused) allowed.add(write.value)
    }
    requireAllowed(key, value, allowed)
  }

  private mustSurvive(key: string, {isEverywhere, madeMs, rightfulMs}: Write): boolean {
    if (isEverywhere && madeMs > this.elections.lastWipedMs(key)) return true
    return rightfulMs !== undefined && this.elections.lastLossMs(key) < rightfulMs
  }

  private last(key: string): Write {
    return this.writes.get(key)?.at(-1) as Write
  }
}

function requireAllowed(key: string, value: string | undefined, allowed: ReadonlySet<string | undefined>): void {
  if (allowed.has(value)) return
  const expected = [...allowed].map(String).join(' or ')
  throw new Violation('no-lost-write', `${key} reads ${value}, must be ${expected}`)
}
