import {execFileSync} from 'node:child_process'
import {appendFileSync, existsSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterEach, beforeEach, expect, it} from 'vitest'
import type {NodeSpec} from '../../../src/lib/engine/engine.js'
import {ProcessEngine} from '../../../src/lib/engine/process/process-engine.js'
import {callRedis, describeWithPeers, peerProgram, requirePeers} from '../../support/peers.js'
import {claimPorts} from '../../support/ports.js'
import {spawnTracked, temporaryFolder, waitFor} from '../../support/processes.js'
import {describeEngine} from './contract.js'

const never = () => new AbortController().signal

describeWithPeers('with redis-server', () => {
  describeEngine('process', () => {
    const folder = temporaryFolder('engine')
    const make = () => new ProcessEngine({folder, searchPath: requirePeers().folder})
    const leftovers = (environment: string) => {
      const nodes = join(folder, environment, 'process', 'nodes')
      return existsSync(nodes) ? readdirSync(nodes) : []
    }
    return {engine: make(), isBusHere: true, leftovers, other: make()}
  })
})

describeWithPeers('process engine', () => {
  let folder: string
  let engine: ProcessEngine
  let spec: NodeSpec

  beforeEach(async () => {
    folder = temporaryFolder('engine')
    engine = new ProcessEngine({folder, searchPath: requirePeers().folder})
    const port = await claimPorts()
    spec = {address: {host: '127.0.0.1', port}, busPort: port + 10000, cluster: true, environment: 'blue', name: 'n1'}
  })

  afterEach(async () => {
    for (const node of await engine.list()) await engine.stop(node, 0)
  })

  it('shows the password in no argument list and in no file that others can read', async () => {
    const password = 'swordfish "quoted" \\ \u00e9'
    const node = await engine.start({...spec, password}, never())
    const shown = execFileSync('ps', ['-p', String(node.pid), '-o', 'args=', '-ww'], {encoding: 'utf8'})
    expect(shown).toContain('/blue/process/nodes/n1/')
    expect(shown).not.toContain('swordfish')
    const files = readdirSync(join(folder, 'blue'), {recursive: true, withFileTypes: true})
    for (const entry of files.filter((each) => each.isFile())) {
      const path = join(entry.parentPath, entry.name)
      if (readFileSync(path, 'latin1').includes('swordfish')) expect(statSync(path).mode & 0o077).toBe(0)
    }
  })

  it('counts as a node neither what a server forks to save its data nor who reads its configuration', async () => {
    const node = await engine.start({...spec, settings: [['rdb-key-save-delay', '100000']]}, never())
    const reader = spawnTracked('tail', ['-f', join(folder, 'blue', 'process', 'nodes', 'n1', 'node.conf')])
    const {port} = spec.address
    await callRedis(port, ['CLUSTER', 'ADDSLOTSRANGE', 0, 16383])
    await waitFor(async () => String(await callRedis(port, ['CLUSTER', 'INFO'])).includes('cluster_state:ok'), {
      what: 'a cluster of one',
    })
    for (let key = 0; key < 30; key++) await callRedis(port, ['SET', `k${key}`, 'v'])
    await callRedis(port, ['BGSAVE'])
    expect(String(await callRedis(port, ['INFO', 'persistence']))).toContain('rdb_bgsave_in_progress:1')
    expect((await engine.list()).map(({pid}) => pid)).toEqual([node.pid])
    reader.kill()
  })

  it('says what the server did not like in its configuration', async () => {
    const settings = [['no-such-directive', 'x']] as const
    await expect(engine.start({...spec, settings}, never())).rejects.toMatchObject({
      code: 'NODE_START_FAILED',
      message: expect.stringMatching(/no-such-directive x.*Bad directive/),
    })
    expect(existsSync(join(folder, 'blue'))).toBe(false)
  })

  it('starts a stopped node with the settings that CONFIG REWRITE kept, and knows it', async () => {
    const {port} = spec.address
    const node = await engine.start(spec, never())
    await callRedis(port, ['CONFIG', 'SET', 'cluster-node-timeout', '1234'])
    await callRedis(port, ['CONFIG', 'REWRITE'])
    await engine.stop(node, 2000)
    expect((await engine.start(spec, never())).address).toEqual(spec.address)
    expect(await callRedis(port, ['CONFIG', 'GET', 'cluster-node-timeout'])).toEqual(['cluster-node-timeout', '1234'])
    expect(await engine.list()).toMatchObject([{address: spec.address, name: 'n1'}])
  })

  it('keeps what a node has when a later start of it fails', async () => {
    const node = await engine.start(spec, never())
    await engine.stop(node, 1000)
    appendFileSync(join(folder, 'blue', 'process', 'nodes', 'n1', 'node.conf'), 'no-such-directive x\n')
    await expect(engine.start(spec, never())).rejects.toMatchObject({code: 'NODE_START_FAILED'})
    expect(readdirSync(join(folder, 'blue', 'process', 'nodes'))).toEqual(['n1'])
  })

  it('takes the program it is given, and says what is wrong with one it cannot use', async () => {
    const place = temporaryFolder('programs')
    const named = (name: string, version: string) => {
      const path = join(place, name)
      writeFileSync(path, `#!/bin/sh\necho '${version}'\n`, {mode: 0o755})
      return path
    }
    const linked = join(place, 'my-server')
    symlinkSync(peerProgram('redis-server'), linked)
    expect(await engine.probe(linked)).toEqual({available: true})
    await engine.start({...spec, program: linked}, never())
    expect(await engine.list()).toHaveLength(1)
    const nowhere = new ProcessEngine({folder, searchPath: place})
    for (const [program, reason] of [
      [undefined, /no redis-server and no valkey-server on PATH/],
      [join(place, 'missing'), /missing is no program/],
      [named('old-server', 'Redis server v=6.0.16 sha=0'), /is 6\.0\.16; 6\.2 is the oldest/],
      [named('other-server', 'Postgres 17'), /neither redis-server nor valkey-server/],
      [named('redis', 'Redis server v=7.0.15 sha=0'), /a name that contains "server"/],
    ] as const) {
      expect(await nowhere.probe(program)).toMatchObject({
        available: false,
        reason: expect.stringMatching(reason),
        remedy: expect.stringMatching(/\S/),
      })
    }
    expect(await nowhere.probe(named('valkey-server', 'Valkey server v=8.1.1 sha=0'))).toEqual({available: true})
  })

  it('lets nodes of an older server reach each other directly, and says that there are no faults between them', async () => {
    const place = temporaryFolder('programs')
    writeFileSync(join(place, 'redis-server'), "#!/bin/sh\necho 'Redis server v=6.2.14 sha=0'\n", {mode: 0o755})
    const older = new ProcessEngine({folder, searchPath: place})
    expect(await older.probe()).toEqual({available: true})
    const layout = {environment: 'blue', nodes: [spec]}
    expect(await older.prepare(layout, never())).toEqual(new Map())
    expect(await older.links.supports()).toMatchObject({
      available: false,
      reason: expect.stringMatching(/7\.0 or later.*6\.2\.14/),
      remedy: 'shoal up --engine embedded',
    })
    await older.links.apply(layout, [], never())
    const rules = [{effect: {kind: 'drop'} as const, from: 'n1', to: 'n1'}]
    await expect(older.links.apply(layout, rules, never())).rejects.toMatchObject({code: 'ENVIRONMENT_LACKS'})
  })
})
