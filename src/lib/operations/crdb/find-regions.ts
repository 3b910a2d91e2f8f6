import {CliError} from '../../kernel/errors.js'
import {nearest} from '../../kernel/nearest.js'
import type {InstanceRequest} from '../../plan/crdb/instance-list.js'
import {forgetDatabase, type KnownDatabase, readDatabases} from './known.js'
import type {HostedRegion} from './region-host.js'
import type {CrdbParts} from './task-run.js'

/**
 * In which environment each region is that instances name: one that has them all before others.
 *
 * @param only - name of an environment; any without
 * @returns environment by region
 * @throws {CliError} NOT_FOUND with the nearest region; BAD_FLAG where several environments have it; CREDENTIALS_REFUSED
 */
export function findRegions(
  hosted: readonly HostedRegion[],
  instances: readonly InstanceRequest[],
  only: string | undefined,
): Record<string, string> {
  const wanted = instances.flatMap(({login, place}) => (place.kind === 'region' ? [{login, region: place.region}] : []))
  const open = hosted.filter(
    ({environment, participates}) => participates && (only === undefined || environment === only),
  )
  const has = (environment: string, region: string) =>
    open.some((each) => each.environment === environment && each.region === region)
  const whole = [...new Set(open.map(({environment}) => environment))].filter((environment) =>
    wanted.every(({region}) => has(environment, region)),
  )
  const found: Record<string, string> = {}
  for (const {login, region} of wanted) {
    const candidates = open.filter((each) => each.region === region)
    const preferred = candidates.filter(({environment}) => whole.includes(environment))
    const [first, another] = preferred.length > 0 ? preferred : candidates
    if (!first) throw unknownRegion(region, hosted, open, only)
    if (another) {
      const names = candidates.map(({environment}) => environment)
      throw new CliError('BAD_FLAG', `${names.join(' and ')} have a region ${region}: which environment is meant?`, {
        suggestions: names.map((name) => `--environment ${name}`),
      })
    }
    requireLogin(first, login.password)
    found[region] = first.environment
  }
  return found
}

function requireLogin({environment, password, region}: HostedRegion, given: string | undefined): void {
  if (password === undefined || password === given) return
  const problem = given === undefined ? 'wants a password' : 'refused the user name or password'
  throw new CliError('CREDENTIALS_REFUSED', `${region} ${problem}; nothing was changed`, {
    details: {cluster: region, environment},
    suggestions: [`--instance fqdn=${region},username=admin,password=PASSWORD (the one that \`shoal up\` was given)`],
  })
}

function unknownRegion(
  region: string,
  hosted: readonly HostedRegion[],
  open: readonly HostedRegion[],
  only: string | undefined,
): CliError {
  const names = [...new Set(open.map((each) => each.region))]
  const other = hosted.find((each) => each.region === region && !each.participates)
  if (other && only === undefined) {
    return new CliError(
      'NOT_FOUND',
      `region ${region} of environment ${other.environment} is no participating cluster: its nodes are one cluster already`,
      {details: {regions: names}, suggestions: [`shoal up --topology crdb --name OTHER --regions ${region},...`]},
    )
  }
  const meant = nearest(region, names)
  const where = only === undefined ? '' : ` in environment ${only}`
  const known = names.length === 0 ? '' : `. There are ${names.join(', ')}`
  return new CliError(
    'NOT_FOUND',
    `there is no region ${region}${where}${meant ? `; did you mean ${meant}?` : known}`,
    {
      details: {region, regions: names},
      suggestions: [names.length === 0 ? `shoal up --topology crdb --regions ${region},...` : 'shoal ps'],
    },
  )
}

/**
 * The databases there are. One whose environments are gone went with them: `down` need not know of databases.
 */
export async function liveDatabases({databases, hosts}: CrdbParts): Promise<KnownDatabase[]> {
  const [known, regions] = await Promise.all([readDatabases(databases), hosts.regions()])
  const isThere = ({config: {guid}, instances}: KnownDatabase) =>
    instances.some(
      ({place}) =>
        place.kind === 'endpoint' ||
        regions.some((each) => each.environment === place.environment && each.databases.includes(guid)),
    )
  const gone = known.filter((each) => !isThere(each))
  await Promise.all(gone.map(({config}) => forgetDatabase(databases, config.guid)))
  return known.filter(isThere)
}
