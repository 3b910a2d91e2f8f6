import {execFile} from 'node:child_process'
import {join} from 'node:path'
import {promisify} from 'node:util'
import {Cluster} from 'ioredis'
import {afterEach, expect, it} from 'vitest'
import {DockerCli} from '../../src/lib/engine/docker/docker-cli.js'
import {importImage} from '../../src/lib/engine/docker/image/build.js'
import {whole} from '../../src/lib/engine/docker/image/contents.js'
import {entriesOfProgram} from '../../src/lib/engine/docker/image/elf.js'
import {hashSlot} from '../../src/lib/protocol/hash-slot.js'
import {runShoal} from '../support/cli.js'
import {describeWithDocker} from '../support/docker.js'
import {callRedis, peerProgram} from '../support/peers.js'
import {claimPorts} from '../support/ports.js'
import {processesWith, temporaryFolder, waitFor} from '../support/processes.js'
import {docker} from './support.js'

const SLOT_COUNT = 16_384
/** With what means something to YAML, to env files, to shells and to redis.conf. */
const PASSWORD = 'pa"ss $word #1'

const execute = promisify(execFile)

/** As the official images, as far as the scripts of a project go: redis-server, redis-cli, a shell, and sleep. */
async function buildImage(): Promise<string> {
  const programs = [peerProgram('redis-server'), peerProgram('redis-cli'), '/bin/sh', '/bin/sleep']
  const entries = await Promise.all(
    programs.map((file) =>
      entriesOfProgram(file, file === '/bin/sh' ? file : join('/usr/local/bin', file.split('/').at(-1) as string)),
    ),
  )
  const contents = {command: ['redis-server'], name: 'compose-redis', server: 'redis-server', serverVersion: '7'}
  const image = await importImage(
    new DockerCli(),
    {...contents, entries: whole(entries.flat())},
    AbortSignal.timeout(60_000),
  )
  return image.reference
}

/** One key of each slot. */
function keyOfEverySlot(): string[] {
  const keys = new Map<number, string>()
  for (let number = 0; keys.size < SLOT_COUNT; number++) {
    const key = `key:${number}`
    if (!keys.has(hashSlot(key))) keys.set(hashSlot(key), key)
  }
  return [...keys.values()]
}

describeWithDocker('an exported compose project', () => {
  const name = `exported${process.pid}`
  const folder = join(temporaryFolder('compose'), 'project')
  let cluster: Cluster | undefined

  const compose = (...args: string[]) =>
    execute('docker-compose', ['-p', name, '-f', `${name}.yaml`, '--env-file', 'variables.env', ...args], {cwd: folder})
  const script = (file: string, ...names: string[]) => execute('sh', [join(folder, file), ...names])

  afterEach(async () => {
    cluster?.disconnect()
    await compose('down', '-v')
  })

  it('runs under docker-compose without Shoal: forms, redirects, splits, restores, and leaves nothing', async () => {
    const basePort = await claimPorts(6)
    const args = ['compose', '--name', name, '--output', folder, '--image', await buildImage()]
    const shape = ['--base-port', `${basePort}`, '--regions', 'eu,us,asia']
    expect(await runShoal([...args, ...shape], {env: {SHOAL_PASSWORD: PASSWORD}})).toMatchObject({code: 0})

    await compose('up', '-d')
    const helper = `${name}-cluster_helper`
    expect(docker('wait', helper)).toEqual(['0'])
    expect(docker('logs', helper).at(-1)).toBe('the cluster is ready')
    expect(processesWith(PASSWORD)).toEqual([])

    const call = (node: number, ...command: string[]) => callRedis(basePort + node - 1, command, PASSWORD)
    const role = async (node: number) => ((await call(node, 'ROLE')) as string[])[0]
    const state = async (node: number) => /cluster_state:(\w+)/.exec(String(await call(node, 'CLUSTER', 'INFO')))?.[1]
    const addresses = () =>
      docker('inspect', '-f', '{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}', `${name}-n1`)

    // No map: redirects lead to the published ports.
    cluster = new Cluster([{host: '127.0.0.1', port: basePort}], {redisOptions: {password: PASSWORD}})
    const keys = keyOfEverySlot()
    await Promise.all(keys.map((key) => cluster?.set(key, key)))
    const before = addresses()

    await script('split.sh', 'n1')
    await waitFor(async () => (await role(4)) === 'master' && (await state(4)) === 'ok', {
      deadlineMs: 20_000,
      what: 'n4 in place of n1',
    })
    // Cut off from nodes, not from clients.
    await waitFor(async () => (await state(1)) === 'fail', {deadlineMs: 20_000, what: 'n1 to notice'})
    await script('restore.sh')
    const link = async () => String(await call(1, 'INFO', 'replication'))
    await waitFor(async () => (await link()).includes('master_link_status:up'), {
      deadlineMs: 20_000,
      what: 'n1 as a replica',
    })
    expect(addresses()).toEqual(before)

    // A region goes as a whole: n3 and n5 of asia still see each other, and all others say that n3 failed.
    await script('split.sh', 'asia')
    const sees = async (node: number, port: number) =>
      String(await call(node, 'CLUSTER', 'NODES'))
        .split('\n')
        .find((line) => line.includes(`:${port}@`))
        ?.split(' ')[2]
    await waitFor(async () => (await sees(2, basePort + 2)) === 'master,fail', {deadlineMs: 20_000, what: 'n3 failed'})
    await waitFor(async () => (await state(3)) === 'fail', {deadlineMs: 20_000, what: 'n3 to notice'})
    expect(await sees(3, basePort + 4)).toBe('slave')
    await script('restore.sh', 'asia')
    await waitFor(async () => (await state(3)) === 'ok', {deadlineMs: 20_000, what: 'one cluster again'})

    // Restarted, the helper leaves a cluster as it is.
    await compose('restart', 'cluster_helper')
    expect(docker('wait', helper)).toEqual(['0'])
    expect(docker('logs', '--tail', '1', helper)).toEqual(['the cluster is ready'])
    const values = await Promise.all(keys.map((key) => cluster?.get(key)))
    expect(values).toEqual(keys)

    await compose('down', '-v')
    const label = `label=com.docker.compose.project=${name}`
    const left = [
      ['ps', '--all'],
      ['volume', 'ls'],
      ['network', 'ls'],
    ].flatMap((words) => docker(...words, '--quiet', '--filter', label))
    expect(left).toEqual([])
  })
})
