import type {EnvironmentRequest, EnvironmentSpec, SpecNode} from './spec.js'

/** In which ways the request asks for another environment than `existing`, each as `FLAG is A, not B`. */
export function differencesOf(request: EnvironmentRequest, existing: EnvironmentSpec): string[] {
  const flags = {
    basePort: '--base-port',
    engine: '--engine',
    nodeTimeoutMs: '--node-timeout',
    persistence: '--persistence',
    primaries: '--primaries',
    program: (request.engine ?? existing.engine) === 'docker' ? '--image' : '--server',
    replicas: '--replicas',
    subnet: '--subnet',
    topology: '--topology',
  } as const
  const found = (Object.keys(flags) as (keyof typeof flags)[])
    .filter((key) => !(request.nodes && key === 'basePort'))
    .filter((key) => request[key] !== undefined && request[key] !== existing[key])
    .map((key) => `${flags[key]} is ${existing[key] ?? 'not given'}, not ${request[key]}`)
  // Named nodes have the ports and regions that are compared one by one.
  if (request.regions !== undefined && !request.nodes && request.regions.join() !== existing.regions.join()) {
    found.push(`--regions is ${existing.regions.join() || 'not given'}, not ${request.regions.join()}`)
  }
  const settings = Object.entries(request.settings ?? {})
  for (const [name, value] of settings) {
    if (existing.settings[name] !== value)
      found.push(`--set ${name} is ${existing.settings[name] ?? 'not given'}, not ${value}`)
  }
  if (request.nodes !== undefined) found.push(...nodeDifferences(request.nodes, existing.nodes))
  // Neither password is shown.
  if (request.password !== undefined && request.password !== existing.password) found.push('--password is another')
  return found
}

function nodeDifferences(wanted: readonly SpecNode[], existing: readonly SpecNode[]): string[] {
  const missing = existing.filter(({name}) => !wanted.some((node) => node.name === name))
  return [
    ...missing.map(({name}) => `node ${name} is there, and is not asked for`),
    ...wanted.flatMap((node) => {
      const found = existing.find(({name}) => name === node.name)
      if (!found) return [`node ${node.name} is not there`]
      const keys = ['port', 'region', 'replicaOf'] as const
      return keys
        .filter((key) => found[key] !== node[key])
        .map((key) => `${key} of node ${node.name} is ${found[key] ?? 'not given'}, not ${node[key] ?? 'given'}`)
    }),
  ]
}

/** Ways from the environment that is there to the one that was asked for, as commands to paste. */
export function waysOn(
  request: EnvironmentRequest,
  existing: EnvironmentSpec,
  differences: readonly string[],
): string[] {
  const {name} = existing
  const counts = (['primaries', 'replicas'] as const).filter(
    (key) => request[key] !== undefined && request[key] !== existing[key],
  )
  const isScale = existing.topology === 'cluster' && !request.nodes && counts.length === differences.length
  return [
    ...(isScale ? [`shoal scale ${counts.map((key) => `--${key} ${request[key]}`).join(' ')} --name ${name}`] : []),
    `shoal down --name ${name}`,
    'shoal up --name OTHER --base-port PORT',
  ]
}
