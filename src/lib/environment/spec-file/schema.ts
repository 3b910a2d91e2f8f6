import {z} from 'zod'
import {ENGINES} from '../../engine/engine.js'
import {REGION} from '../settings.js'
import {NODES_MAX, PERSISTENCES} from '../spec.js'

const NAME = /^[a-z0-9][a-z0-9_-]{0,39}$/
const NODE_NAME = /^[a-zA-Z0-9][a-zA-Z0-9_-]{0,39}$/

const replicas = z
  .int()
  .min(0)
  .max(NODES_MAX - 1)
const value = z.union([z.string(), z.number(), z.boolean()])

const node = z
  .strictObject({
    port: z.int().min(1).max(55_535).optional().describe('Where clients connect; the bus is at port + 10000.'),
    region: z.string().regex(REGION).optional(),
    role: z.enum(['master', 'primary', 'replica']).optional().describe('What it begins as.'),
    replicaOf: z.string().optional().describe('Name of the primary whose replica it begins as.'),
  })
  .describe('One node; all of it may be left out.')

/**
 * The form of an environment's spec file. What it says of each key is what the shipped JSON schema says too:
 * docs/environment.schema.json is made from this.
 */
export const specFileSchema = z
  .strictObject({
    apiVersion: z.literal('shoal/v1'),
    kind: z.literal('Environment'),
    name: z.string().regex(NAME).optional().describe('Name of the environment; `up --name` may give it.'),
    engine: z.enum(ENGINES).optional().describe('Where nodes run.'),
    image: z.string().min(1).optional().describe('The Docker image to run. Implies engine docker.'),
    server: z
      .string()
      .min(1)
      .optional()
      .describe('Path of the redis-server or valkey-server to run. Implies engine process.'),
    cluster: z
      .strictObject({
        shards: z.int().min(1).max(NODES_MAX).optional().describe('How many primaries.'),
        replicas: replicas.optional().describe('Of each primary.'),
        nodeTimeout: z.int().min(1).optional().describe('Silence after which nodes call a node failed, in ms.'),
      })
      .optional()
      .describe('Nodes are one cluster. The default.'),
    replication: z
      .strictObject({replicas: replicas.optional()})
      .optional()
      .describe('One primary and its replicas, without cluster.'),
    crdb: z
      .strictObject({})
      .nullable()
      .optional()
      .describe(
        'Regions are participating clusters of active-active databases, which bring their nodes: `crdb create`.',
      ),
    regions: z.array(z.string().regex(REGION)).min(1).optional().describe('Nodes are spread over them.'),
    nodes: z
      .record(z.string().regex(NODE_NAME), node.nullable())
      .optional()
      .describe('Nodes by name, where they are to be known by more than numbers.'),
    auth: z
      .strictObject({
        requirepass: z.union([z.string(), z.number()]).describe('The password of clients.'),
        masterauth: z.literal('same').optional().describe('Nodes give each other the same password.'),
      })
      .optional(),
    persistence: z.enum(PERSISTENCES).optional().describe('What nodes keep when they are stopped.'),
    config: z.record(z.string(), value).optional().describe('Directives of redis.conf for all nodes.'),
    network: z
      .strictObject({
        subnet: z.string().optional().describe('Docker: A.B.C.D/BITS of the network between the nodes, or auto.'),
      })
      .optional(),
    ports: z.strictObject({base: z.int().min(1).max(55_535).describe('Port of the first node.')}).optional(),
  })
  .describe('An environment of Shoal, for `shoal up --file`.')

export type SpecFile = z.infer<typeof specFileSchema>

/** Keys that a later version of Shoal will have. */
export const LATER: readonly string[] = ['haproxy', 'link', 'scenarios', 'sentinel', 'volumes']

/** The JSON schema of spec files, for editors. */
export function specFileJsonSchema(): object {
  return {
    ...z.toJSONSchema(specFileSchema, {target: 'draft-2020-12'}),
    title: 'Environment of Shoal',
  }
}
