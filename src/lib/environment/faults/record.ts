import type {LinkRule} from '../../model/links.js'
import {linkKey, mergeRules} from '../../plan/faults/rules.js'
import type {EnvironmentState} from '../store.js'

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

/** A record without what only the engine needs. */
export type FaultSummary = Omit<FaultRecord, 'rules'>

export function summaryOf({rules: _rules, ...summary}: FaultRecord): FaultSummary {
  return summary
}

/** Those that have not healed by themselves, oldest first. */
export function lastingFaults({faults}: Pick<EnvironmentState, 'faults'>, nowMs: number): FaultRecord[] {
  return faults.filter(({untilMs}) => untilMs === undefined || untilMs > nowMs)
}

/** What the engine is to bring about for all of them. */
export function rulesOfFaults(faults: readonly FaultRecord[]): LinkRule[] {
  return mergeRules(faults.map(({rules}) => rules))
}

/** @returns the state with the fault in it, and with the number that makes its id unique for ever */
export function withFault(
  state: EnvironmentState,
  kept: readonly FaultRecord[],
  fault: Omit<FaultRecord, 'id'>,
): {readonly state: EnvironmentState; readonly record: FaultRecord} {
  const lastFault = (state.lastFault ?? 0) + 1
  const record = {...fault, id: `f${lastFault}`}
  return {record, state: {...state, faults: [...kept, record], lastFault}}
}

/** @returns the number of `f7`; undefined of what is no id */
export function faultNumber(id: string): number | undefined {
  const [, digits] = /^f([1-9]\d{0,8})$/.exec(id) ?? []
  return digits === undefined ? undefined : Number(digits)
}

/** Whether the later fault says something else of every link of the earlier one, and lasts as long: then it takes its place. */
export function covers(later: Omit<FaultRecord, 'id'>, earlier: FaultRecord): boolean {
  const {untilMs = Number.POSITIVE_INFINITY} = later
  const links = new Set(later.rules.map(linkKey))
  return (
    later.kind === earlier.kind &&
    untilMs >= (earlier.untilMs ?? Number.POSITIVE_INFINITY) &&
    earlier.rules.every((rule) => links.has(linkKey(rule)))
  )
}
