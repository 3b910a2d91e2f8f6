import type {CrdbConfig} from '../../model/crdb.js'

/** A configuration that a node has, and the instance that the node is of. */
export interface HeardConfig {
  readonly id: number
  readonly config: CrdbConfig
}

export interface LatestConfig {
  /** `recorded` itself, if nothing else is in force. */
  readonly config: CrdbConfig
  /** What is not as it should be, a sentence each. */
  readonly notes: readonly string[]
}

/**
 * Which configuration is in force: the latest that a node has, for nodes take up later ones from each other. What is on record
 * is in force while it is later still: it is on its way then.
 *
 * @param heard - in the order of instances; of one version the first counts
 */
export function latestOf(recorded: CrdbConfig, heard: readonly HeardConfig[]): LatestConfig {
  if (heard.length === 0) return {config: recorded, notes: []}
  const {name, version} = recorded
  const highest = Math.max(...heard.map(({config}) => config.version))
  if (highest < version) {
    return {
      config: recorded,
      notes: [
        `the instances have version ${highest} of the configuration, this machine ${version}: ` +
          `shoal crdb update --crdb-guid ${name} --force tells them again`,
      ],
    }
  }
  const having = heard.filter(({config}) => config.version === highest).map(({config}) => config)
  const texts = new Set(having.map(contentOf))
  const notes = [
    ...(texts.size > 1
      ? [
          `instances have different configurations of version ${highest}: ` +
            `shoal crdb update --crdb-guid ${name} --force makes them one`,
        ]
      : []),
    ...lateNotes(heard, highest),
  ]
  if (highest === version && texts.has(contentOf(recorded))) return {config: recorded, notes}
  const what = highest > version ? `it had version ${version}, the instances have ${highest}` : 'it had another one'
  return {config: having[0]!, notes: [`the record of this machine was behind: ${what}`, ...notes]}
}

function lateNotes(heard: readonly HeardConfig[], highest: number): string[] {
  const late = new Map<number, number>()
  for (const {config, id} of heard) if (config.version < highest) late.set(id, config.version)
  return [...late].map(([id, version]) => `instance ${id} has version ${version} of the configuration still`)
}

/** Equal for configurations that say the same. Passwords are not compared: nodes keep those that they have. */
export function contentOf({instances, ...rest}: CrdbConfig): string {
  return JSON.stringify({...rest, instances: instances.map(({password: _, ...shown}) => shown)}, sorted)
}

function sorted(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}
