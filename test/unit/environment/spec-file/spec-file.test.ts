import {readdirSync, readFileSync, writeFileSync} from 'node:fs'
import {join, resolve} from 'node:path'
import {describe, expect, it} from 'vitest'
import {nodesOf, planEnvironment} from '../../../../src/lib/environment/spec.js'
import {parseSpecFile} from '../../../../src/lib/environment/spec-file/parse.js'
import {specFileJsonSchema} from '../../../../src/lib/environment/spec-file/schema.js'
import {requestOf} from '../../../../src/lib/environment/spec-file/to-request.js'
import {CliError} from '../../../../src/lib/kernel/errors.js'

const ROOT = resolve(import.meta.dirname, '../../../..')
const HEAD = 'apiVersion: shoal/v1\nkind: Environment\n'

const read = (text: string, flags = {}) => planEnvironment(requestOf(parseSpecFile(HEAD + text, 'x.yaml'), flags))

function messageOf(text: string): string {
  try {
    read(text)
  } catch (error) {
    if (error instanceof CliError && error.code === 'BAD_FLAG') return error.message
    throw error
  }
  return 'nothing wrong'
}

describe('spec files', () => {
  it('say all that flags can say', () => {
    const text = `
name: blue
engine: docker
image: redis:7
cluster: {shards: 4, replicas: 2, nodeTimeout: 900}
regions: [eu, us]
auth: {requirepass: 12345, masterauth: same}
persistence: rdb
config: {maxmemory: 100mb, appendfsync: everysec, activedefrag: false, hz: 20}
network: {subnet: 172.30.9.0/24}
ports: {base: 18001}
`
    expect(read(text)).toMatchObject({
      basePort: 18_001,
      engine: 'docker',
      name: 'blue',
      nodeTimeoutMs: 900,
      password: '12345',
      persistence: 'rdb',
      primaries: 4,
      program: 'redis:7',
      regions: ['eu', 'us'],
      replicas: 2,
      settings: {activedefrag: 'no', appendfsync: 'everysec', hz: '20', maxmemory: '100mb'},
      subnet: '172.30.9.0/24',
      topology: 'cluster',
    })
  })

  it('give way to flags', () => {
    const flags = {basePort: 19_001, name: 'red', replicas: 0, settings: {hz: '30'}}
    expect(
      read('name: blue\ncluster: {replicas: 1}\nconfig: {hz: 20, maxmemory: 1gb}\nports: {base: 18001}', flags),
    ).toMatchObject({
      basePort: 19_001,
      name: 'red',
      replicas: 0,
      settings: {hz: '30', maxmemory: '1gb'},
    })
    expect(read('server: /x/redis-server', {engine: 'embedded'})).not.toHaveProperty('program')
  })

  it('name nodes of a replication without cluster', () => {
    const spec = read(
      'nodes: {redis-1: {replicaOf: redis-0}, redis-0: {role: master, port: 6379}, redis-2: {role: replica}}',
    )
    expect(spec).toMatchObject({primaries: 1, replicas: 2, topology: 'replication'})
    expect(spec.nodes).toEqual([
      {name: 'redis-0', port: 6379},
      {name: 'redis-1', port: 17_001, replicaOf: 'redis-0'},
      {name: 'redis-2', port: 17_003, replicaOf: 'redis-0'},
    ])
    expect(nodesOf(spec)[1]).toMatchObject({cluster: false, primary: {host: '127.0.0.1', port: 6379}})
  })

  it('name nodes of a cluster, with roles or without', () => {
    const named = read('cluster: {}\nnodes: {a: {region: eu}, b: {region: us}, a2: {replicaOf: a, region: us}}')
    expect(named).toMatchObject({primaries: 2, regions: ['eu', 'us'], topology: 'cluster'})
    expect(named.nodes.at(-1)).toEqual({name: 'a2', port: 17_003, region: 'us', replicaOf: 'a'})
    const six = read('cluster: {shards: 3, replicas: 1}\nnodes: {a: , b: , c: , d: , e: , f: }')
    expect(six.nodes.map(({replicaOf}) => replicaOf)).toEqual([undefined, undefined, undefined, 'a', 'b', 'c'])
  })

  it.each([
    ['shard: 3', 'x.yaml:3: there is no key shard'],
    ['cluster:\n  shards: 3\n  replica: 1', 'x.yaml:5: there is no key replica in cluster; did you mean replicas?'],
    ['regoins: [a]', 'did you mean regions?'],
    ['nodes:\n  a:\n    replicaof: b', 'x.yaml:5: there is no key replicaof in nodes.a; did you mean replicaOf?'],
    ['engine: dokcer', 'x.yaml:3: engine is "dokcer", not embedded, process, docker; did you mean docker?'],
    ['cluster: {shards: three}', 'x.yaml:3: cluster.shards is "three": expected'],
    ['cluster: {shards: 0}', 'cluster.shards is 0: expected'],
    ['name: No', 'x.yaml:3: name is "No"'],
    ['config: {save: [1, 2]}', 'x.yaml:3: config.save is a list, not one value'],
    ['nodes: {"a b": {}}', 'a b cannot be a name here'],
    ['auth: {masterauth: same}', 'x.yaml:3: auth.requirepass is missing'],
    ['name: a\nname: b', 'x.yaml:4: Map keys must be unique'],
    ['name: [', 'x.yaml:'],
    ['---\nname: b', 'a second document begins'],
    ['crdb: {}\ncluster: {}', 'the file has both cluster and crdb'],
    ['crdb: {}\nnodes: {a: }', 'the file has both crdb and nodes'],
    ['sentinel: {count: 3}', 'sentinel is not yet supported'],
    ['haproxy: {port: 1}', 'haproxy is not yet supported'],
    ['scenarios: {}', 'scenarios is not yet supported'],
    ['cluster: {}\nreplication: {}', 'both cluster and replication'],
    ['engine: embedded\nimage: redis:7', 'the file has engine embedded, but image is for docker'],
    ['image: a\nserver: b', 'both image and server'],
    ['nodes: {a: {replicaOf: bb}, b: }', 'which is none of the nodes; did you mean b?'],
    ['nodes: {a: {replicaOf: b}, b: {replicaOf: a}}', 'which is no primary'],
    ['nodes: {a: {role: primary, replicaOf: b}, b: }', 'a primary and a replica'],
    ['nodes: {a: , b: , c: {role: replica}}', 'say of whom'],
    ['nodes: {a: {region: x}}\nregions: [eu]', 'in region x, which is none of eu'],
    ['nodes: {a: , b: }\nreplication: {replicas: 3}', 'the file names 2 nodes'],
    ['nodes: {a: {port: 7001}, b: {port: 7001}}', 'a and b have the same port 7001'],
    ['nodes: {a: {port: 7001}, b: {port: 17001}}', 'port 17001'],
    ['config: {port: 1}', 'port cannot be set'],
    ['config: {cluster-announce-ip: x}', 'cluster-announce-ip cannot be set'],
  ])('%j: %s', (text, message) => {
    expect(messageOf(text)).toContain(message)
  })

  it.each([
    ['', 'x.yaml:1: the file is empty'],
    ['# only a word\n', 'x.yaml:1: '],
    ['- a\n- b', 'x.yaml:1: there is no environment in it'],
    ['name: a', 'apiVersion is missing: apiVersion: shoal/v1'],
    ['apiVersion: shoal/v2\nkind: Environment', 'apiVersion is "shoal/v2", not shoal/v1'],
    ['apiVersion: shoal/v1\nkind: Cluster', 'kind is "Cluster", not Environment'],
  ])('are known as such: %j', (text, message) => {
    expect(() => parseSpecFile(text, 'x.yaml')).toThrow(message)
  })

  it('say all that is wrong at once, in order, and no secret', () => {
    const text = `${HEAD}auth:\n  requirepass: [swordfish]\nregions: []\nenigne: x\n`
    const problems = () => parseSpecFile(text, 'x.yaml')
    expect(problems).toThrow(/x\.yaml:4: .*\nx\.yaml:5: .*\nx\.yaml:6: there is no key enigne/)
    expect(problems).not.toThrow(/swordfish/)
  })

  it('have a JSON schema, which is shipped', () => {
    const path = join(ROOT, 'docs/environment.schema.json')
    // The formatter has its own way with lists: what counts is what it says.
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(path, `${JSON.stringify(specFileJsonSchema(), null, 2)}\n`)
    expect(JSON.parse(readFileSync(path, 'utf8')), 'renew it with UPDATE_GOLDEN=1').toEqual(specFileJsonSchema())
    const {files} = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {files: string[]}
    expect(files).toContain('docs/environment.schema.json')
  })

  it.each(readdirSync(join(ROOT, 'examples/environments')))('of the examples can be read: %s', (file) => {
    const text = readFileSync(join(ROOT, 'examples/environments', file), 'utf8')
    const spec = planEnvironment(requestOf(parseSpecFile(text, file), {}))
    expect((spec.topology === 'crdb' ? spec.regions : nodesOf(spec)).length).toBeGreaterThan(2)
  })
})
