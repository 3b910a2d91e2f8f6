import type {CrdbConfig, CrdbInstance, CrdbSettings} from '../../model/crdb.js'
import type {HeardDatabase} from '../../operations/crdb/heard.js'
import type {InstancePlace} from '../../operations/crdb/known.js'
import {instancesOf} from '../../operations/crdb/known.js'

/** A database without its secrets, as `--json` prints it. */
export interface DatabaseDocument {
  readonly guid: string
  readonly name: string
  readonly version: number
  readonly settings: CrdbSettings
  readonly removed: CrdbConfig['removed']
  readonly instances: readonly InstanceDocument[]
  /** Removed by force, and not purged. */
  readonly abandoned: readonly {readonly id: number; readonly place: InstancePlace}[]
  /** Ids of the instances that were asked; none: it is what this machine has on record. */
  readonly heardFrom: readonly number[]
  /** What is not as it should be, a sentence each. */
  readonly notes: readonly string[]
}

export interface InstanceDocument extends Pick<CrdbInstance, 'cluster' | 'compression' | 'endpoints' | 'id'> {
  readonly place: InstancePlace
  /** `HOST:PORT` where this machine's clients connect. */
  readonly seeds: readonly string[]
}

export function documentOf({heardFrom, known, notes}: HeardDatabase): DatabaseDocument {
  const {abandoned = [], config} = known
  const {guid, name, removed, settings, version} = config
  return {
    abandoned: abandoned.map(({id, place}) => ({id, place})),
    guid,
    heardFrom,
    instances: instancesOf(known).map(({config: {cluster, compression, endpoints}, id, place, seeds}) => ({
      cluster,
      compression,
      endpoints,
      id,
      place,
      seeds,
    })),
    name,
    notes,
    removed,
    settings,
    version,
  }
}
