import type {CrdbSettings} from '../../model/crdb.js'

/** What environments do for databases; given in, so that operations need not know environments. */
export interface RegionHost {
  /** All regions of all environments. */
  regions(): Promise<readonly HostedRegion[]>
  /**
   * Starts nodes; those of each instance are one cluster then. If it fails, nothing of them is left.
   *
   * @throws {CliError} PORT_IN_USE, CLUSTER_UNHEALTHY, ENVIRONMENT_LACKS, NODE_START_FAILED, INTERRUPTED, ...
   */
  start(
    request: HostRequest,
    signal: AbortSignal,
    onProgress: (text: string) => void,
  ): Promise<readonly HostedInstance[]>
  /** Stops and deletes them; safe to repeat. @param ids - all if absent */
  drop(environment: string, guid: string, ids: readonly number[] | undefined, signal: AbortSignal): Promise<void>
  /** What nodes are started with from now on. */
  retune(environment: string, guid: string, settings: CrdbSettings, signal: AbortSignal): Promise<void>
}

export interface HostedRegion {
  readonly environment: string
  readonly region: string
  /** Whether databases can be put there. */
  readonly participates: boolean
  /** What who logs in there must give; nothing in particular without. */
  readonly password?: string
  /** GUIDs of the databases with nodes in that environment. */
  readonly databases: readonly string[]
}

export interface HostRequest {
  readonly environment: string
  readonly guid: string
  readonly name: string
  readonly password?: string
  readonly settings: CrdbSettings
  readonly port?: number
  readonly instances: readonly {readonly id: number; readonly region: string}[]
}

export interface HostedInstance {
  readonly id: number
  readonly region: string
  readonly seeds: readonly string[]
  readonly endpoints: readonly string[]
  readonly password?: string
}
