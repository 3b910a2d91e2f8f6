import type {NodeSpec} from '../../engine/engine.js'
import {type EnvironmentSpec, HOST} from '../spec.js'

export function startCommand(project: string): string {
  return `${composeWith(project)} up -d`
}

function composeWith(project: string): string {
  return `docker-compose -p ${project} -f ${project}.yaml --env-file variables.env`
}

/** What a person needs who has only the folder. */
export function renderReadme({
  nodes,
  project,
  spec,
}: {
  nodes: readonly NodeSpec[]
  project: string
  spec: EnvironmentSpec
}): string {
  const [first] = spec.nodes
  const regions = [...new Set(spec.nodes.flatMap(({region}) => region ?? []))]
  const replica = spec.nodes.find(({replicaOf}) => replicaOf !== undefined)
  const isCluster = spec.topology === 'cluster'
  const what = isCluster
    ? `a Redis Cluster of ${spec.primaries} primaries and ${nodes.length - spec.primaries} replicas`
    : `a Redis primary with ${nodes.length - 1} ${nodes.length === 2 ? 'replica' : 'replicas'}`
  const password = spec.password === undefined ? '' : 'REDISCLI_AUTH=PASSWORD '
  const cut = regions.at(-1) ?? replica?.name ?? first?.name
  return `# ${project}: ${what}

Written by \`shoal compose\`; it needs Docker and docker-compose 1.27 or later (or \`docker compose\`), not Shoal. The image
must have redis-server 7.0 or later.

\`\`\`sh
${startCommand(project)}
${isCluster ? `docker logs -f ${project}-cluster_helper       # ends with "the cluster is ready"\n` : ''}${password}redis-cli ${isCluster ? '-c ' : ''}-h ${HOST} -p ${first?.port}
sh split.sh ${cut}       # cuts nodes or regions off from all others; clients still reach them
sh restore.sh       # connects them again
${composeWith(project)} stop
${composeWith(project)} down -v       # deletes the data too
\`\`\`

- Version, ${spec.password === undefined ? '' : 'password '}and ports are in \`variables.env\`${spec.password === undefined ? '' : ' (which is for your eyes only)'}, settings of all nodes in \`redis.conf\`.
- Nodes ${spec.nodes.map(({name, port}) => `${name} (${port})`).join(', ')} are published on ${HOST} only.
${regions.length > 0 ? `- Regions: ${regions.map((region) => `${region} (${spec.nodes.filter((node) => node.region === region).map(({name}) => name)})`).join(', ')}. Each has a network that the nodes of the others join.\n` : ''}${isCluster ? `- Redirects lead to ${HOST}, so cluster clients run on this machine, not in containers.\n` : '- Nobody promotes a replica by itself: `REPLICAOF NO ONE` does.\n'}- If a subnet is taken on your machine: \`shoal compose --subnet A.B.C.0/24 --force\`.
`
}
