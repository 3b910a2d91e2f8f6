import {dropInstances, retuneInstances, startInstances} from '../../environment/crdb/instances.js'
import {knownRegions} from '../../environment/crdb/participants.js'
import {withEnvironmentLock} from '../../environment/lock.js'
import type {EnvironmentParts} from '../../environment/parts.js'
import {defaultStateFolder} from '../../environment/state-folder.js'
import {crdbsFolder} from '../../operations/crdb/known.js'
import type {RegionHost} from '../../operations/crdb/region-host.js'
import {tasksFolder} from '../../operations/crdb/task-file.js'
import type {CrdbParts} from '../../operations/crdb/task-run.js'
import {shardSettings, startSettings} from '../../plan/crdb/node-settings.js'
import {environmentParts} from '../environment/parts.js'

/** No environment can be called so. */
const ALL_DATABASES = 'databases.all'

/** What the `crdb` commands work with: this user's state folder, and the environments there. */
export function crdbParts(env: Readonly<Record<string, string | undefined>>): CrdbParts {
  const stateFolder = defaultStateFolder(env)
  const parts = environmentParts(env)
  return {
    databases: crdbsFolder(stateFolder),
    hosts: regionHost(parts),
    lock: (signal, body) => withEnvironmentLock(parts.store, ALL_DATABASES, signal, body),
    tasks: tasksFolder(stateFolder),
  }
}

export function regionHost(parts: EnvironmentParts): RegionHost {
  return {
    drop: (environment, guid, ids, signal) => dropInstances(parts, environment, guid, ids, signal),

    async regions() {
      const known = await knownRegions(parts.store)
      return known.flatMap(({databases, environment, participates, password, regions}) =>
        regions.map((region) => ({
          databases,
          environment,
          participates,
          region,
          ...(password !== undefined && {password}),
        })),
      )
    },

    retune: (environment, guid, settings, signal) =>
      retuneInstances(parts, environment, guid, shardSettings(settings), signal),

    start: ({environment, guid, instances, name, password, port, settings}, signal, onProgress) =>
      startInstances(
        parts,
        {
          database: {
            guid,
            name,
            settings: {...startSettings(settings), ...shardSettings(settings)},
            ...(password !== undefined && {password}),
          },
          environment,
          instances,
          replicas: settings.replication ? 1 : 0,
          shards: settings.shardsCount,
          ...(port !== undefined && {port}),
        },
        signal,
        onProgress,
      ),
  }
}
