import type {EngineKind} from '../../engine/engine.js'
import type {EnvironmentStore} from '../store.js'

/** An environment whose regions are clusters of a kind. */
export interface RegionsKnown {
  readonly environment: string
  readonly engine: EngineKind
  readonly regions: readonly string[]
  /** Whether databases can be put there: topology `crdb`. */
  readonly participates: boolean
  /** What who logs in there must give; nothing in particular without. */
  readonly password?: string
  /** GUIDs of the databases that have nodes there. */
  readonly databases: readonly string[]
  readonly basePort: number
}

/** All environments that stand and have regions, by name. A file that cannot be read is passed over. */
export async function knownRegions(store: EnvironmentStore): Promise<RegionsKnown[]> {
  const states = await Promise.all((await store.names()).map((name) => store.read(name).catch(() => undefined)))
  return states.flatMap((state) => {
    if (!state?.formed || state.spec.regions.length === 0) return []
    const {basePort, databases = [], engine, name, password, regions, topology} = state.spec
    return {
      basePort,
      databases: databases.map(({guid}) => guid),
      engine,
      environment: name,
      participates: topology === 'crdb',
      regions,
      ...(password !== undefined && {password}),
    }
  })
}
