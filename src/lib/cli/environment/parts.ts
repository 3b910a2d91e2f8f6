import {DockerEngine} from '../../engine/docker/docker-engine.js'
import {EmbeddedEngine} from '../../engine/embedded.js'
import {enginesOf} from '../../engine/engines.js'
import {ProcessEngine} from '../../engine/process/process-engine.js'
import type {EnvironmentParts} from '../../environment/parts.js'
import {defaultStateFolder} from '../../environment/state-folder.js'
import {EnvironmentStore} from '../../environment/store.js'
import {clusterDriver} from './cluster-driver.js'

/** What the environment commands work with: this user's state folder, nodes here and in Docker, real connections. */
export function environmentParts(env: Readonly<Record<string, string | undefined>>): EnvironmentParts {
  const store = new EnvironmentStore(defaultStateFolder(env))
  const {folder} = store
  const engines = enginesOf([new EmbeddedEngine({folder}), new ProcessEngine({folder}), new DockerEngine({folder})])
  return {driver: clusterDriver, engines, store}
}
