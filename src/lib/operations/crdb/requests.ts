import type {CrdbConfig} from '../../model/crdb.js'
import type {CreatePlan, PlannedInstance} from '../../plan/crdb/create.js'
import type {RequestedLogin} from '../../plan/crdb/instance-list.js'
import type {KnownInstance} from './known.js'

/** What a task is to do; all of it was checked before. It goes to a file, and may be carried out by another process. */
export type TaskRequest =
  | CreateTask
  | {
      readonly operation: 'update_crdb'
      readonly guid: string
      readonly config: CrdbConfig
      readonly credentials: readonly Credentials[]
    }
  | {readonly operation: 'flush_crdb' | 'delete_crdb'; readonly guid: string}
  | AddTask
  | {
      readonly operation: 'remove_instance'
      readonly guid: string
      readonly instance: KnownInstance
      /** Without it. */
      readonly config: CrdbConfig
      /** The instance is not spoken to. */
      readonly force: boolean
    }
  | {
      readonly operation: 'purge_instance'
      readonly guid: string
      readonly instance: KnownInstance
    }

export interface CreateTask {
  readonly operation: 'create_crdb'
  readonly guid: string
  readonly plan: CreatePlan
  /** Environment of each region that is named. */
  readonly environments: Readonly<Record<string, string>>
}

export interface AddTask {
  readonly operation: 'add_instance'
  readonly guid: string
  readonly config: CrdbConfig
  readonly instance: PlannedInstance
  readonly environments: Readonly<Record<string, string>>
}

export interface Credentials {
  readonly id: number
  readonly login: RequestedLogin
}
