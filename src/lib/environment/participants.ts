import {CliError} from '../kernel/errors.js'
import {requireRegions, requireSettings} from './settings.js'
import {DEFAULTS, type EnvironmentRequest, type EnvironmentSpec} from './spec.js'

/** Where regions have no names yet. */
const REGIONS = ['cluster1.local', 'cluster2.local', 'cluster3.local']
/** The product's ports are 10000 to 19999, and 12000 in all of its examples. */
const BASE_PORT = 12_000

/**
 * An environment of participating clusters. It has no nodes yet: databases bring theirs.
 *
 * @throws {CliError} BAD_FLAG
 */
export function planParticipants(request: EnvironmentRequest & {readonly topology: 'crdb'}): EnvironmentSpec {
  const {engine, nodes = [], password, primaries, replicas} = request
  if (engine === 'process') {
    throw new CliError(
      'BAD_FLAG',
      "--topology crdb needs Shoal's own node, embedded or in Docker: redis-server knows no active-active databases",
      {suggestions: ['shoal up --topology crdb', 'shoal up --topology crdb --engine docker']},
    )
  }
  if ((primaries ?? 0) > 0 || (replicas ?? 0) > 0 || (nodes.length > 0 && !request.databases)) {
    throw new CliError(
      'BAD_FLAG',
      'participating clusters have no nodes of their own: each database says how many it has',
      {
        suggestions: ['shoal crdb create --shards-count 3 --replication true ...'],
      },
    )
  }
  const regions = request.regions ?? REGIONS
  const settings = request.settings ?? {}
  requireRegions(regions)
  requireSettings(settings)
  if (regions.length === 0)
    throw new CliError('BAD_FLAG', 'participating clusters need names', {
      suggestions: [`shoal up --topology crdb --regions ${REGIONS.join()}`],
    })
  if (password === '') throw new CliError('BAD_FLAG', 'the password is empty')
  return {
    ...DEFAULTS,
    basePort: BASE_PORT,
    // A node that came back with less than it had told others would have to be told again what it wrote itself.
    persistence: 'aof',
    ...request,
    nodes,
    primaries: 0,
    regions,
    replicas: 0,
    settings,
  }
}
