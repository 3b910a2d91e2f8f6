import type {EnvironmentAccess} from '../../environment/access.js'
import {parseAddress} from '../../model/address.js'

export const ACCESS_FORMATS = ['shell', 'json', 'ioredis', 'node-redis'] as const
export type AccessFormat = (typeof ACCESS_FORMATS)[number]

/** @param password - printed by `shell` alone */
export function renderAccess(access: EnvironmentAccess, format: AccessFormat, password: string | undefined): string {
  switch (format) {
    case 'shell':
      return renderShell(access, password)
    case 'json':
      return JSON.stringify(access, null, 2)
    case 'ioredis':
      return renderIoredis(access)
    case 'node-redis':
      return renderNodeRedis(access)
  }
}

/** To be evaluated by any Bourne shell. */
function renderShell({environment, passwordVariable, seeds}: EnvironmentAccess, password: string | undefined): string {
  const {host, port} = parseAddress(seeds[0] as string)
  const variables: [string, string][] = [
    ['SHOAL_ENVIRONMENT', environment],
    ['REDIS_NODES', seeds.join(',')],
    ['REDIS_HOST', host],
    ['REDIS_PORT', String(port)],
    ['REDIS_URL', `redis://${password === undefined ? '' : `:${encodeURIComponent(password)}@`}${host}:${port}`],
  ]
  if (password !== undefined && passwordVariable !== undefined) {
    variables.push([passwordVariable, password], ['REDISCLI_AUTH', password])
  }
  return variables.map(([name, value]) => `export ${name}=${quoteForShell(value)}`).join('\n')
}

function quoteForShell(text: string): string {
  return /^[\w.,:/@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}

function renderIoredis({addressMap, passwordVariable, seeds, topology}: EnvironmentAccess): string {
  const password = passwordVariable && `password: process.env.${passwordVariable}`
  const [first] = seeds
  if (topology !== 'cluster') {
    return `import {Redis} from 'ioredis'\n\nexport const redis = new Redis({${[hostAndPort(first as string), password].filter(Boolean).join(', ')}})`
  }
  const options = [...(password ? [`  redisOptions: {${password}},`] : []), ...mapLines('natMap', addressMap)]
  return [
    "import {Cluster} from 'ioredis'",
    '',
    'export const cluster = new Cluster(',
    '  [',
    ...seeds.map((seed) => `    {${hostAndPort(seed)}},`),
    '  ],',
    ...(options.length === 0 ? [] : ['  {', ...options.map((line) => `  ${line}`), '  },']),
    ')',
  ].join('\n')
}

function renderNodeRedis({addressMap, passwordVariable, seeds, topology}: EnvironmentAccess): string {
  const password = passwordVariable && `password: process.env.${passwordVariable}`
  if (topology !== 'cluster') {
    const options = [`url: 'redis://${seeds[0]}'`, password].filter(Boolean).join(', ')
    return `import {createClient} from 'redis'\n\nexport const client = await createClient({${options}}).connect()`
  }
  return [
    "import {createCluster} from 'redis'",
    '',
    'export const cluster = createCluster({',
    '  rootNodes: [',
    ...seeds.map((seed) => `    {url: 'redis://${seed}'},`),
    '  ],',
    ...(password ? [`  defaults: {${password}},`] : []),
    ...mapLines('nodeAddressMap', addressMap),
    '})',
    'await cluster.connect()',
  ].join('\n')
}

function mapLines(option: string, map: EnvironmentAccess['addressMap']): string[] {
  const entries = Object.entries(map)
  if (entries.length === 0) return []
  return [
    `  ${option}: {`,
    ...entries.map(([known, {host, port}]) => `    '${known}': {host: '${host}', port: ${port}},`),
    '  },',
  ]
}

function hostAndPort(seed: string): string {
  const {host, port} = parseAddress(seed)
  return `host: '${host}', port: ${port}`
}
