import {renderAddress} from '../model/address.js'
import type {NodeRecord} from '../model/cluster-view.js'
import type {NodeId} from '../model/node-id.js'
import {renderRanges, type SlotRange} from '../model/slot-set.js'

export const SEVERITIES = ['error', 'warning', 'notice'] as const
export type Severity = (typeof SEVERITIES)[number]

/** What a finding is about; stable names, for scripts. */
export const FINDING_IDS = [
  'nodes-disagree',
  'nodes-unknown',
  'slots-uncovered',
  'slots-multiply-owned',
  'slots-open',
  'slots-open-on-replica',
  'keys-stray',
  'node-failed',
  'node-suspected',
  'node-unreachable',
  'node-without-address',
  'node-in-handshake',
  'state-down',
  'epoch-collision',
  'link-down',
  'replica-behind',
  'replica-lagging',
  'replica-orphan',
  'replica-of-replica',
  'replica-no-failover',
  'primary-without-replica',
  'persistence-failing',
  'memory-short',
  'machine-memory-short',
  'shard-on-one-host',
  'shard-in-one-zone',
  'majority-in-one-place',
  'few-primaries',
  'version-skew',
  'config-drift',
  'acl-drift',
  'functions-drift',
  'persistence-off',
  'not-judged',
] as const
export type FindingId = (typeof FINDING_IDS)[number]

export interface FindingNode {
  readonly id: NodeId
  /** HOST:PORT. */
  readonly address: string
}

/** One thing that is wrong, or worth knowing. */
export interface Finding {
  readonly id: FindingId
  readonly severity: Severity
  readonly nodes: readonly FindingNode[]
  /** `0-5460,6000`; empty if it is not about slots. */
  readonly slots: string
  /** One sentence, naming nodes and slots. */
  readonly message: string
  /** What to do: a command line, or a sentence where no command helps. Empty for notices that need nothing. */
  readonly suggestion: string
}

/** Findings that pass by themselves while news travels; a check waits a little before it reports them. */
export const TRANSIENT: ReadonlySet<FindingId> = new Set<FindingId>([
  'nodes-disagree',
  'nodes-unknown',
  'slots-multiply-owned',
  'epoch-collision',
  'node-in-handshake',
  'replica-lagging',
  'replica-of-replica',
])

/** Errors first; within a severity in the order of FINDING_IDS. */
export function sortFindings(findings: readonly Finding[]): Finding[] {
  const rank = ({id, severity}: Finding) => SEVERITIES.indexOf(severity) * 100 + FINDING_IDS.indexOf(id)
  return [...findings].sort((a, b) => rank(a) - rank(b))
}

function asFindingNode({id, address}: Pick<NodeRecord, 'id' | 'address'>): FindingNode {
  return {id, address: renderAddress(address)}
}

/** A finding with its nodes and slots in the form that is printed. */
export function finding(
  id: FindingId,
  severity: Severity,
  nodes: readonly Pick<NodeRecord, 'id' | 'address'>[],
  message: string,
  {slots = [], suggestion = ''}: {slots?: readonly SlotRange[]; suggestion?: string} = {},
): Finding {
  return {id, severity, nodes: nodes.map(asFindingNode), slots: renderRanges(slots), message, suggestion}
}

/** `a, b, c` */
export function list(names: readonly string[]): string {
  return names.join(', ')
}

export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
