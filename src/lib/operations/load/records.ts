import {renderAddress} from '../../model/address.js'
import type {ClusterView} from '../../model/cluster-view.js'
import type {NodeId} from '../../model/node-id.js'
import type {ImportTotals} from './page-order.js'
import type {VerifyMode} from './verify-import.js'

/**
 * What the journal of a job says of an import or a restore: enough to go on with it, and no secret. How to log in, at
 * either side, is given anew each time.
 */

/** The nodes of the cluster that keys are brought to, as it was then. */
export type Members = readonly {readonly id: NodeId; readonly address: string}[]

export interface ImportRecord {
  /** HOST:PORT */
  readonly source: string
  /** Changes with every start of the source. */
  readonly runId: string
  readonly database: number
  readonly move: boolean
  readonly replace: boolean
  readonly functions: boolean
  readonly verify: VerifyMode
  readonly retryMs: number
  readonly members: Members
}

export interface RestoreRecord {
  /** The whole path. */
  readonly folder: string
  /** When the backup was finished: another one may be in that folder later. */
  readonly takenAt: string
  readonly replace: boolean
  readonly functions: boolean
  readonly acl: boolean
  readonly verify: boolean
  readonly parallel: number
  readonly members: Members
}

/** How far an import or a restore is. */
export interface Reached {
  /** Written to the cluster, by all runs. */
  readonly keys: number
  /** Of an import. */
  readonly scan?: ScanReached
}

export interface ScanReached {
  /** Where SCAN of the source goes on: all pages before it are done. */
  readonly cursor: string
  readonly totals: ImportTotals
}

export function membersOf({nodes}: ClusterView): Members {
  return nodes.map(({address, id}) => ({id, address: renderAddress(address)}))
}

/** Nodes come and go; clusters that share none are not the same. */
export function isSameCluster(a: Members, b: Members): boolean {
  return a.some(({id}) => b.some((other) => other.id === id))
}
