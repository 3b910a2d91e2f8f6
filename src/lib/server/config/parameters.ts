import type {Parameter, ValueOf} from './parameter.js'
import {clusterParameters} from './parameters/cluster.js'
import {memoryParameters} from './parameters/memory.js'
import {networkParameters} from './parameters/network.js'
import {persistenceParameters} from './parameters/persistence.js'
import {processParameters} from './parameters/process.js'
import {replicationParameters} from './parameters/replication.js'

/** Every setting redis-server 7.0 answers to `CONFIG GET *`, by the name it has in code. */
export const PARAMETERS = {
  ...networkParameters,
  ...processParameters,
  ...memoryParameters,
  ...persistenceParameters,
  ...replicationParameters,
  ...clusterParameters,
} as const

export type ConfigKey = keyof typeof PARAMETERS

/** The values in force, typed: `values.maxclients` is a number, `values.protectedMode` a boolean. */
export type ConfigValues = {-readonly [K in ConfigKey]: ValueOf<(typeof PARAMETERS)[K]>}

/** One setting as the generic code sees it. */
export interface Entry {
  readonly key: ConfigKey
  readonly parameter: Parameter<unknown>
}

/** The table in the order of declaration. */
export const ENTRIES: readonly Entry[] = Object.entries(PARAMETERS).map(([key, parameter]) => ({
  key: key as ConfigKey,
  parameter: parameter as unknown as Parameter<unknown>,
}))

const BY_NAME: ReadonlyMap<string, Entry> = new Map(
  ENTRIES.flatMap((entry) => {
    const {alias, name} = entry.parameter
    const named: [string, Entry][] = [[name, entry]]
    if (alias !== undefined) named.push([alias, entry])
    return named
  }),
)

/** Finds a setting by name or alias, in any case. */
export function findParameter(name: string): Entry | undefined {
  return BY_NAME.get(name.toLowerCase())
}

/** Every name and alias with its setting; aliases right after their names. */
export function namedEntries(): IterableIterator<[string, Entry]> {
  return BY_NAME.entries()
}
