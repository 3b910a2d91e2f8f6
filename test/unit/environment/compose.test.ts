import {chmodSync, readdirSync, readFileSync, statSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {describe, expect, it} from 'vitest'
import {parse} from 'yaml'
import {renderVariable} from '../../../src/lib/environment/compose/env-file.js'
import {imageOf, specToExport} from '../../../src/lib/environment/compose/export.js'
import {planPeerNetworks} from '../../../src/lib/environment/compose/networks.js'
import {composeProject} from '../../../src/lib/environment/compose/project.js'
import {writeProject} from '../../../src/lib/environment/compose/write.js'
import {planEnvironment} from '../../../src/lib/environment/spec.js'
import {EnvironmentStore} from '../../../src/lib/environment/store.js'
import {temporaryFolder} from '../../support/processes.js'

const spec = planEnvironment({name: 'blue', password: 'secret'})

describe('networks of a compose project', () => {
  it('give every node and the helper an address of its own, inside the subnet', () => {
    for (const subnet of [undefined, '10.1.2.0/24', '10.1.2.64/27', '10.0.0.0/8']) {
      const networks = planPeerNetworks(planEnvironment({name: 'x', regions: ['a', 'b']}), subnet)
      const all = networks.flatMap(({addresses, gateway}) => [gateway, ...addresses])
      expect(new Set(all).size).toBe(2 * (6 + 1 + 1))
    }
  })

  it('leave room for 100 nodes by default', () => {
    const [network] = planPeerNetworks(planEnvironment({name: 'x', primaries: 50}), undefined)
    expect(network?.addresses.at(-1)).toMatch(/\.111$/)
  })

  it.each(['10.0.0.0/28', '10.0.0.1/24', '10.0.0.0', '256.0.0.0/24', '10.0.0.0/7', '10.0.0.0/30'])(
    'are refused for %s',
    (subnet) => {
      const nodes = planEnvironment({name: 'x', primaries: 8})
      expect(() => planPeerNetworks(nodes, subnet)).toThrow(expect.objectContaining({code: 'BAD_FLAG'}))
    },
  )
})

describe('the env file', () => {
  it.each([
    ['plain-1.2:/@%+,=', 'A=plain-1.2:/@%+,='],
    ['two words', "A='two words'"],
    ['$HOME "x" #y', 'A=\'$HOME "x" #y\''],
  ])('has %j', (value, line) => {
    expect(renderVariable('A', value)).toBe(line)
  })

  it.each(["it's", 'back\\slash', `\${HOME}`, 'two\nlines'])('refuses %j', (value) => {
    expect(() => renderVariable('A', value)).toThrow(expect.objectContaining({code: 'PREFLIGHT_FAILED', exitCode: 3}))
  })
})

describe('a compose project', () => {
  it('has the password in one file, which is nobody else’s to read', () => {
    const {files} = composeProject(spec)
    const secret = files.filter(({text}) => text.includes('secret'))
    expect(secret.map(({mode, name}) => [name, mode])).toEqual([['variables.env', 0o600]])
  })

  it('mounts only files that it has, and publishes on loopback only', () => {
    const {files} = composeProject(spec)
    const compose = parse(files[0]?.text as string, {merge: true})
    const names = files.map(({name}) => name)
    for (const service of Object.values<{ports?: string[]; volumes: string[]}>(compose.services)) {
      for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:(\$\{REDIS_PORT\d\}):\1$/)
      for (const mount of service.volumes.filter((each) => each.startsWith('./'))) {
        expect(names).toContain(mount.split(':')[0]?.slice(2))
      }
    }
  })

  it.each([
    ['redis', `redis:\${REDIS_VERSION}`, 'REDIS_VERSION=latest'],
    ['redis:7.0', `redis:\${REDIS_VERSION}`, 'REDIS_VERSION=7.0'],
    ['host:5000/a/redis', `host:5000/a/redis:\${REDIS_VERSION}`, 'REDIS_VERSION=latest'],
    ['redis@sha256:12', 'redis@sha256:12', 'REDIS_PASSWORD=secret'],
  ])('of image %s runs %s', (image, inFile, firstVariable) => {
    const {files} = composeProject(spec, {image})
    expect(files[0]?.text).toContain(`image: ${inFile}\n`)
    expect(files[1]?.text.split('\n')[0]).toBe(firstVariable)
  })

  it.each([
    {image: 'no image'},
    {image: '$X'},
    {nodes: [{name: 'a b', port: 1}]},
    {nodes: [{name: 'cluster_helper', port: 1}]},
    {nodes: [{name: 'eu', port: 1, region: 'eu'}]},
  ])('is refused for %j', ({image, nodes}) => {
    const request = {name: 'x', ...(nodes && {nodes})}
    const options = image === undefined ? {} : {image}
    expect(() => composeProject(planEnvironment(request), options)).toThrow(expect.objectContaining({code: 'BAD_FLAG'}))
  })
})

describe('what is exported', () => {
  const store = new EnvironmentStore(temporaryFolder('compose-state'))
  const standing = {faults: [], formed: true, peerHosts: {}, spec, version: 2} as const

  it('is the environment of that name, or one that the request describes', async () => {
    await store.write(standing)
    expect(await specToExport(store, {name: 'blue'})).toEqual(spec)
    expect(await specToExport(store, {name: 'blue', password: 'other'})).toEqual({...spec, password: 'other'})
    expect(await specToExport(store, {name: 'new', replicas: 0})).toMatchObject({
      name: 'new',
      primaries: 3,
      replicas: 0,
    })
  })

  it('is not guessed', async () => {
    const code = (name: string) => expect.objectContaining({code: name})
    await expect(specToExport(store, {name: 'ghost', password: 'x'})).rejects.toThrow(code('NOT_FOUND'))
    await expect(specToExport(store, {name: 'blue', replicas: 0})).rejects.toThrow(code('ENVIRONMENT_EXISTS'))
  })

  it.each([
    ['docker', 'redis:7.0', {image: 'redis:7.0'}],
    ['docker', 'shoal-node:12', {}],
    ['docker', 'shoal-valkey:12', {image: 'valkey/valkey:8.1'}],
    ['process', '/usr/bin/redis-server', {}],
    ['process', '/opt/valkey-8/bin/valkey-server', {image: 'valkey/valkey:8.1'}],
  ] as const)('runs, from engine %s with %s, %j', (engine, program, options) => {
    expect(imageOf(planEnvironment({engine, name: 'x', program}))).toEqual(options)
  })
})

describe('writing a project', () => {
  const files = [
    {mode: 0o600, name: 'secret', text: 'a\n'},
    {mode: 0o755, name: 'run.sh', text: 'b\n'},
  ]
  const modes = (folder: string) => readdirSync(folder).map((name) => [name, statSync(join(folder, name)).mode & 0o777])

  it('makes the folder, sets modes, and leaves no draft', async () => {
    const folder = join(temporaryFolder('compose'), 'a', 'b')
    const written = await writeProject(folder, files, false)
    expect(written.map(({change}) => change)).toEqual(['created', 'created'])
    expect(modes(folder)).toEqual([
      ['run.sh', 0o755],
      ['secret', 0o600],
    ])
  })

  it('refuses what it would overwrite before it writes anything, unless forced', async () => {
    const folder = temporaryFolder('compose')
    writeFileSync(join(folder, 'run.sh'), 'mine\n')
    await expect(writeProject(folder, files, false)).rejects.toThrow(
      expect.objectContaining({code: 'PREFLIGHT_FAILED', details: {files: ['run.sh'], folder}}),
    )
    expect(readdirSync(folder)).toEqual(['run.sh'])
    expect((await writeProject(folder, files, true)).map(({change}) => change)).toEqual(['created', 'overwritten'])
    expect(readFileSync(join(folder, 'run.sh'), 'utf8')).toBe('b\n')
  })

  it('changes nothing the second time, but a mode that lets others read', async () => {
    const folder = temporaryFolder('compose')
    await writeProject(folder, files, false)
    chmodSync(join(folder, 'secret'), 0o644)
    const again = await writeProject(folder, files, false)
    expect(again.map(({change}) => change)).toEqual(['unchanged', 'unchanged'])
    expect(modes(folder)).toContainEqual(['secret', 0o600])
  })

  it('says why it cannot', async () => {
    const folder = temporaryFolder('compose')
    writeFileSync(join(folder, 'file'), '')
    await expect(writeProject(join(folder, 'file'), files, false)).rejects.toThrow(
      expect.objectContaining({code: 'ENVIRONMENT_LACKS'}),
    )
  })
})
