import type {CrdbConfig, CrdbInstance, CrdbSettings} from '../../model/crdb.js'
import type {InstancePlace, KnownDatabase} from '../../operations/crdb/known.js'
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
}

export interface InstanceDocument extends Pick<CrdbInstance, 'cluster' | 'compression' | 'endpoints' | 'id'> {
  readonly place: InstancePlace
  /** `HOST:PORT` where this machine's clients connect. */
  readonly seeds: readonly string[]
}

export function documentOf(known: KnownDatabase): DatabaseDocument {
  const {abandoned = [], config} = known
  const {guid, name, removed, settings, version} = config
  return {
    abandoned: abandoned.map(({id, place}) => ({id, place})),
    guid,
    instances: instancesOf(known).map(({config: {cluster, compression, endpoints}, id, place, seeds}) => ({
      cluster,
      compression,
      endpoints,
      id,
      place,
      seeds,
    })),
    name,
    removed,
    settings,
    version,
  }
}
