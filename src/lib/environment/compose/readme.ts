import {type EnvironmentSpec, HOST} from '../spec.js'

export function startCommand(project: string): string {
  return `${composeWith(project)} up -d`
}

function composeWith(project: string): string {
  return `docker-compose -p ${project} -f ${project}.yaml --env-file variables.env`
}

/** What a person needs who has only the folder. */
export function renderReadme(spec: EnvironmentSpec): string {
  const {name: project, nodes, password, topology} = spec
  const isCluster = topology === 'cluster'
  const secret = password === undefined ? '' : 'REDISCLI_AUTH=PASSWORD '
  const [first] = nodes
  const cut = nodes.find(({replicaOf}) => replicaOf === undefined)?.region ?? first?.name
  const commands: (readonly [command: string, comment?: string])[] = [
    [startCommand(project)],
    ...(isCluster ? [[`docker logs -f ${project}-cluster_helper`, 'ends with "the cluster is ready"'] as const] : []),
    [`${secret}redis-cli ${isCluster ? '-c ' : ''}-h ${HOST} -p ${first?.port}`],
    [`sh split.sh ${cut}`, 'cuts nodes or regions off from all others; clients still reach them'],
    ['sh restore.sh', 'connects them again'],
    [`${composeWith(project)} stop`],
    [`${composeWith(project)} down -v`, 'deletes the data too'],
  ]
  const facts = [
    password === undefined
      ? 'The version and the ports are in `variables.env`, settings of all nodes in `redis.conf`.'
      : 'The version, the password and the ports are in `variables.env`: keep it to yourself. Settings of all nodes are in `redis.conf`.',
    `Published on ${HOST} only: ${nodes.map(({name, port}) => `${name} (${port})`).join(', ')}.`,
    ...regionFacts(spec),
    isCluster
      ? `Redirects lead to ${HOST}, so cluster clients run on this machine, not in containers.`
      : 'Nobody promotes a replica by itself; `REPLICAOF NO ONE` does.',
    'If a subnet is taken on this machine, write the project again with `--subnet A.B.C.0/24 --force`.',
  ]
  return `# ${project}: ${describe(spec)}

Written by \`shoal compose\`. It needs Docker with docker-compose 1.27 or later (\`docker compose\` too) and an image with
redis-server 7.0 or later, but not Shoal.

\`\`\`sh
${commands.map(([command, comment]) => (comment === undefined ? command : `${command}   # ${comment}`)).join('\n')}
\`\`\`

${facts.map((fact) => `- ${fact}`).join('\n')}
`
}

function describe({nodes, topology}: EnvironmentSpec): string {
  const primaries = nodes.filter(({replicaOf}) => replicaOf === undefined).length
  const replicas = nodes.length - primaries
  const counts = `${counted(primaries, 'primary', 'primaries')} and ${counted(replicas, 'replica', 'replicas')}`
  return topology === 'cluster' ? `a Redis Cluster of ${counts}` : `${counts} of Redis, without cluster`
}

function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`
}

function regionFacts({nodes}: EnvironmentSpec): string[] {
  const names = [...new Set(nodes.flatMap(({region}) => region ?? []))]
  if (names.length === 0) return []
  const members = (region: string) => nodes.filter((node) => node.region === region).map(({name}) => name)
  return [`Regions: ${names.map((region) => `${region} (${members(region).join(', ')})`).join(', ')}.`]
}
