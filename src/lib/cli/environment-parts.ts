import {EmbeddedEngine} from '../engine/embedded.js'
import {enginesOf} from '../engine/engines.js'
import type {EnvironmentParts} from '../environment/parts.js'
import {defaultStateFolder} from '../environment/state-folder.js'
import {EnvironmentStore} from '../environment/store.js'
import {clusterDriver} from './environment-driver.js'

/** What the environment commands work with: this user's state folder, embedded nodes, real connections. */
export function environmentParts(env: Readonly<Record<string, string | undefined>>): EnvironmentParts {
  const store = new EnvironmentStore(defaultStateFolder(env))
  return {driver: clusterDriver, engines: enginesOf([new EmbeddedEngine({folder: store.folder})]), store}
}
