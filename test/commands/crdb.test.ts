import {existsSync, readdirSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import type {RunResult} from '../support/cli.js'
import {CrdbWorld, REGIONS} from '../support/crdb/world.js'
import {callRedis, describeWithPeers, startRedis} from '../support/peers.js'
import {claimPorts} from '../support/ports.js'
import {temporaryFolder, waitFor} from '../support/processes.js'

/** What `shoal crdb` refuses, and in which words and with which exit code. */
const world = new CrdbWorld()
const two = REGIONS.slice(0, 2).flatMap((region) => ['--instance', `fqdn=${region},username=r@r.com,password=test`])
const create = (...more: string[]) => world.shoal(['crdb', 'create', '--memory-size', '64mb', ...more])

/** Nothing half-made is left by what was refused. */
async function expectUntouched(): Promise<void> {
  expect(await world.nodes()).toEqual([])
  expect((await world.done('crdb', 'list')).stdout).toBe(
    'No active-active databases. Make one with: shoal crdb create\n',
  )
}

const said = ({code, stderr}: RunResult) => [code, stderr] as const

beforeAll(() => world.up())
afterAll(() => world.down())

describe('crdb create', () => {
  it.each([
    [
      'an unknown region',
      ['--name', 'db', '--instance', 'fqdn=cluster1.local', '--instance', 'fqdn=cluster9.local'],
      4,
      'there is no region cluster9.local; did you mean cluster1.local?',
    ],
    [
      'an unknown environment',
      ['--name', 'db', ...two, '--environment', 'blue'],
      4,
      'there is no region cluster1.local in environment blue',
    ],
    ['one instance', ['--name', 'db', ...two.slice(0, 2)], 2, 'has 2 instances at least, and one is named'],
    ['no instance', ['--name', 'db'], 2, 'and none is named'],
    ['a region twice', ['--name', 'db', ...two, ...two], 2, 'cluster1.local is named twice'],
    [
      'both kinds of credentials',
      ['--name', 'db', ...two, '--instance', 'fqdn=cluster3.local,username=u,password=p,client_cert=c,client_key=k'],
      2,
      'Use either username/password or client_cert/client_key/trusted_ca, not both',
    ],
    ['a name that is none', ['--name', 'my_db', ...two], 2, '"my_db" cannot be the name of a database'],
    [
      'an unknown key',
      ['--name', 'db', ...two, '--default-db-config', '{"evictionpolicy": "noeviction"}'],
      2,
      'did you mean eviction_policy?',
    ],
    [
      'a size that is none',
      ['--name', 'db', ...two, '--bigstore-ram-size', 'much'],
      2,
      '--bigstore-ram-size much is not an amount of memory',
    ],
    [
      'a word that is no boolean',
      ['--name', 'db', ...two, '--replication', 'perhaps'],
      2,
      '--replication perhaps is neither true nor false',
    ],
    [
      'an unreachable cluster',
      ['--name', 'db', ...two, '--instance', 'endpoint=127.0.0.1:1'],
      7,
      '127.0.0.1:1 refuses connections',
    ],
  ])('refuses %s', async (_, args, code, text) => {
    expect(said(await create(...args))).toEqual([code, expect.stringContaining(text)])
    await expectUntouched()
  })

  it('refuses a port that is taken, and names it', async () => {
    const port = await claimPorts(3)
    const node = await startRedis({port: port + 2})
    try {
      const run = await create('--name', 'db', ...two, '--port', String(port))
      expect(said(run)).toEqual([5, expect.stringContaining(`port ${port + 2} is taken`)])
      await expectUntouched()
    } finally {
      await node.stop()
    }
  })

  it('has no say where a cluster is that is no participating one', async () => {
    const base = await claimPorts(3)
    await world.done(
      'up',
      '--name',
      'plain',
      '--primaries',
      '1',
      '--replicas',
      '0',
      '--regions',
      'eu',
      '--base-port',
      String(base),
    )
    try {
      const run = await create('--name', 'db', ...two, '--instance', 'fqdn=eu')
      expect(said(run)).toEqual([
        4,
        expect.stringContaining('region eu of environment plain is no participating cluster'),
      ])
    } finally {
      await world.done('down', '--name', 'plain')
    }
  })

  it('wants the password that the region was given', async () => {
    const args = ['--name', 'locked', '--topology', 'crdb', '--regions', 'north,south']
    expect((await world.shoal(['up', ...args], {env: {SHOAL_PASSWORD: 'hush'}})).code).toBe(0)
    try {
      const instances = (password: string) =>
        ['north', 'south'].flatMap((region) => ['--instance', `fqdn=${region},username=u,password=${password}`])
      const run = await create('--name', 'db', ...instances('wrong'))
      expect(said(run)).toEqual([
        3,
        expect.stringContaining('north refused the user name or password; nothing was changed'),
      ])
      expect(run.stderr).not.toContain('hush')
      expect((await create('--name', 'db', '--instance', 'fqdn=north', '--instance', 'fqdn=south')).code).toBe(3)
      const port = await claimPorts(3)
      expect((await create('--name', 'db', ...instances('hush'), '--port', String(port))).code).toBe(0)
      await expect(callRedis(port, ['PING'])).rejects.toThrow('NOAUTH')
    } finally {
      await world.done('down', '--name', 'locked')
    }
    // It went with its environment.
    await expectUntouched()
  })

  it('needs nodes of Shoal, and brings them itself', async () => {
    const run = await world.shoal(['up', '--topology', 'crdb', '--name', 'real', '--engine', 'process'])
    expect(said(run)).toEqual([2, expect.stringContaining('redis-server knows no active-active databases')])
    const more = await world.shoal(['up', '--topology', 'crdb', '--name', 'more', '--primaries', '3'])
    expect(said(more)).toEqual([2, expect.stringContaining('each database says how many it has')])
  })
})

describeWithPeers('a redis-server as instance', () => {
  it('is refused with the reason', async () => {
    const node = await startRedis({cluster: true})
    try {
      const run = await create('--name', 'db', ...two, '--instance', `endpoint=127.0.0.1:${node.port}`)
      expect(said(run)).toEqual([3, expect.stringContaining(`127.0.0.1:${node.port} is no node of Shoal`)])
      await expectUntouched()
    } finally {
      await node.stop()
    }
  })
})

describe('a database that is there', () => {
  let port: number

  beforeAll(async () => {
    port = await claimPorts(6)
    const run = await create('--name', 'mycrdb', ...two, '--port', String(port), '--bigstore', 'true')
    expect(run.code, run.stderr).toBe(0)
    expect(run.stderr).toContain('note: --bigstore is accepted, and without effect here')
    await callRedis(port, ['SET', 'a', '1'])
  })

  const crdb = (...args: string[]) => world.shoal(['crdb', ...args])

  it('keeps its name for itself', async () => {
    expect(said(await create('--name', 'mycrdb', ...two))).toEqual([
      5,
      expect.stringContaining('there is a database mycrdb already'),
    ])
  })

  it('is neither emptied nor deleted without being asked about', async () => {
    for (const verb of ['flush', 'delete']) {
      expect(said(await crdb(verb))).toEqual([2, expect.stringContaining('There is no terminal to ask on')])
    }
    expect(said(await crdb('remove-instance', '--instance-id', '2'))).toEqual([
      2,
      expect.stringContaining('no terminal'),
    ])
    expect(await callRedis(port, ['GET', 'a'])).toBe('1')
  })

  it.each([
    [['--port', '13000'], 'port of a database cannot be changed: clients know it'],
    [['--name', 'other'], 'name of a database cannot be changed'],
    [['--shards-count', '2'], 'shards_count of a database cannot be changed'],
    [['--replication', 'true'], 'replication of a database cannot be changed'],
    [['--sharding', 'false'], 'sharding of a database cannot be changed'],
    [['--default-db-config', '{"shard_key_regex": ["x"]}'], 'shard_key_regex of a database cannot be changed'],
  ])('cannot have %j', async (args, text) => {
    expect(said(await crdb('update', ...args))).toEqual([3, expect.stringContaining(text)])
  })

  it('is known by name, by GUID, and alone; not by others', async () => {
    const {guid} = (await crdb('get', '--json')).json<{guid: string}>()
    for (const word of ['mycrdb', guid, `crdb:${guid}`]) {
      expect((await crdb('get', '--crdb-guid', word)).stdout).toContain(`CRDB-GUID: ${guid}\nName: mycrdb\n`)
    }
    expect(said(await crdb('get', '--crdb-guid', 'mycrbd'))).toEqual([
      4,
      expect.stringContaining('Did you mean mycrdb?'),
    ])
    expect(said(await crdb('flush', '--crdb-guid', 'd84f6fe4-5bb7-49d2-a188-8900e09c6f66', '--yes'))).toEqual([
      4,
      expect.stringContaining('there is no database'),
    ])
  })

  it('has the instances it has', async () => {
    expect(said(await crdb('add-instance', '--instance', 'fqdn=cluster1.local'))).toEqual([
      5,
      expect.stringContaining('cluster1.local is instance 1 of database mycrdb already'),
    ])
    expect(said(await crdb('remove-instance', '--instance-id', '7', '--yes'))).toEqual([
      4,
      expect.stringContaining('has no instance 7'),
    ])
    expect(said(await crdb('purge-instance', '--instance-id', '2', '--yes'))).toEqual([
      3,
      expect.stringContaining('only one that was removed by force'),
    ])
    expect(said(await crdb('update', '--credentials', 'id=5,username=u,password=p'))).toEqual([
      4,
      expect.stringContaining('has no instance 5'),
    ])
  })

  it('has a new version of its configuration where something is another, or --force says so', async () => {
    const {version} = (await crdb('get', '--json')).json<{version: number}>()
    const run = await crdb('update', '--force')
    expect(run.code, run.stderr).toBe(0)
    expect((await crdb('get', '--json')).json<{version: number}>().version).toBe(version + 1)
    expect((await crdb('update', '--memory-size', '64mb')).stdout).toContain('nothing to change')
  })

  it('is what env, ps and the other commands of environments know', async () => {
    expect((await world.done('env', '--region', 'cluster2.local')).stdout).toContain(
      `REDIS_URL=redis://127.0.0.1:${port + 2}`,
    )
    expect(said(await world.shoal(['env', '--region', 'cluster3.local']))).toEqual([
      4,
      expect.stringContaining('no instance in cluster3.local'),
    ])
    expect(said(await world.shoal(['scale', '--primaries', '2']))).toEqual([
      2,
      expect.stringContaining('participating clusters'),
    ])
    expect((await world.done('wait', '--for', 'healed')).code).toBe(0)
    await world.done('kill', 'mycrdb-2-1')
    await world.done('up')
    expect(await world.nodes()).toEqual(['mycrdb-1-1', 'mycrdb-2-1'])
    await waitFor(async () => (await callRedis(port + 2, ['GET', 'a'])) === '1', {
      what: 'its data in the node that is back',
    })
  })
})

describe('tasks', () => {
  it('can be left to another process, looked at, and come too late to be cancelled', async () => {
    const run = await create('--name', 'later', ...two, '--no-wait', '--json')
    const {status, task} = run.json<{status: string; task: string}>()
    expect([run.code, status]).toEqual([0, 'queued'])
    const look = async () =>
      (await world.shoal(['crdb', 'task', 'status', '--task-id', task, '--json'])).json<{status: string}>().status
    await waitFor(async () => (await look()) === 'finished', {what: 'the end of the task'})
    const {stdout} = await world.done('crdb', 'task', 'status', '--task-id', task)
    expect(stdout.split('\n').map((line) => line.split(':')[0])).toEqual([
      'Task-ID',
      'CRDB-GUID',
      'Operation',
      'Status',
      'Worker-Name',
      'Started',
      'Ended',
      '',
    ])
    expect((await world.done('crdb', 'task', 'status', '--task-id', task, '--verbose')).stdout).toContain(
      '  record: done',
    )
    expect((await world.done('crdb', 'task', 'list')).stdout).toMatch(
      new RegExp(`^${task}  [0-9a-f-]{36}  create_crdb +finished +crdb_worker:1:\\d+ +\\d{4}-[\\dT:-]+Z`, 'm'),
    )
    expect(said(await world.shoal(['crdb', 'task', 'cancel', '--task-id', task]))).toEqual([
      3,
      expect.stringContaining('406 Not Acceptable'),
    ])
    await world.done('crdb', 'delete', '--crdb-guid', 'later', '--yes')
  })

  it('that there are not are not found, in the words of the product', async () => {
    for (const verb of ['status', 'cancel']) {
      const run = await world.shoal(['crdb', 'task', verb, '--task-id', '633aaea3-97ee-4bcb-af39-a9cb25d7d4da'])
      expect(said(run)).toEqual([4, expect.stringContaining('404 Not Found')])
    }
  })

  it('are undone when they are interrupted, and keep what they hold to themselves', async () => {
    let interrupt: ((signal: NodeJS.Signals) => void) | undefined
    const run = await world.shoal(['crdb', 'create', '--name', 'never', '--memory-size', '1mb', ...two], {
      onStart: ({kill}) => {
        interrupt = kill
      },
      onStderr: (text) => {
        if (!text.includes('waiting until all')) return
        // Once: a second one would end it amid its work.
        interrupt?.('SIGINT')
        interrupt = undefined
      },
    })
    expect(said(run)).toEqual([130, expect.stringContaining('interrupted; nothing is left behind')])
    expect(run.stdout).toContain('Status changed: started -> failed')
    expect((await world.nodes()).filter((name) => name.startsWith('never'))).toEqual([])
    const folder = join(world.state, 'tasks')
    expect(existsSync(folder) && readdirSync(folder).length).toBeGreaterThan(0)
  })
})

describe('configuration from a file', () => {
  it('is read, and its absence told', async () => {
    const file = join(temporaryFolder('config'), 'db.json')
    writeFileSync(file, '{"crdt_xadd_id_uniqueness_mode": "liberl"}')
    expect(said(await create('--name', 'db', ...two, '--default-db-config-file', file))).toEqual([
      2,
      expect.stringContaining('did you mean liberal?'),
    ])
    expect((await create('--name', 'db', ...two, '--default-db-config-file', `${file}.no`)).code).toBe(4)
  })
})
