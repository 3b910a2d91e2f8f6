import type {LinkRule} from '../../model/links.js'

export const FAULT_KINDS = ['partition', 'slow', 'flaky'] as const
export type FaultKind = (typeof FAULT_KINDS)[number]

/** A fault between nodes that was made and not healed. */
export interface FaultRecord {
  /** `f1`, `f2` ...: never used again in its environment. */
  readonly id: string
  readonly kind: FaultKind
  /** For people: `n1,n2 / n3`. */
  readonly text: string
  /** Who was meant is decided once: roles move while the fault lasts. */
  readonly rules: readonly LinkRule[]
  /** Unix time, ms. */
  readonly appliedAtMs: number
  /** Unix time, ms: heals by itself then. */
  readonly untilMs?: number
}
