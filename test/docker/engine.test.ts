import {execFileSync} from 'node:child_process'
import {existsSync, symlinkSync, writeFileSync} from 'node:fs'
import {delimiter, join} from 'node:path'
import {expect, it} from 'vitest'
import {DockerCli} from '../../src/lib/engine/docker/docker-cli.js'
import {DockerEngine} from '../../src/lib/engine/docker/docker-engine.js'
import {buildServerImage} from '../../src/lib/engine/docker/image/build.js'
import {chooseImage} from '../../src/lib/engine/docker/image/choose.js'
import {peerAddress} from '../../src/lib/engine/engine.js'
import {describeEngine} from '../contract/engine/contract.js'
import {describeWithDocker} from '../support/docker.js'
import {callRedis} from '../support/peers.js'
import {temporaryFolder} from '../support/processes.js'
import {docker, layoutFor, nodesKept, redisImage, remains, withHosts} from './support.js'

const folder = '/the/contract'
const never = () => new AbortController().signal

describeEngine(
  'docker',
  async () => {
    return {
      engine: new DockerEngine({folder}),
      isBusHere: false,
      leftovers: nodesKept,
      other: new DockerEngine({folder}),
      program: await redisImage(),
    }
  },
  describeWithDocker,
)

describeWithDocker('docker engine', () => {
  it('keeps data, address and log of a node over a stop, also when its networks went meanwhile', async () => {
    const engine = new DockerEngine({folder: '/kept'})
    const password = 'swordfish "quoted" \\ \u00e9'
    const asked = await layoutFor('kept', await redisImage(), 2)
    const layout = withHosts(asked, await engine.prepare(asked, never()))
    const [, second] = layout.nodes
    if (!second) throw new Error('no node')
    const spec = {...second, cluster: false, password, settings: [['appendonly', 'yes']] as const}
    const {port} = spec.address
    try {
      const node = await engine.start(spec, never())
      expect(docker('inspect', 'shoal-kept-n2').join('\n')).not.toContain('swordfish')
      await callRedis(port, ['SET', 'key', 'value'], password)
      await callRedis(port, ['CONFIG', 'SET', 'maxmemory', '12345678'], password)
      await callRedis(port, ['CONFIG', 'REWRITE'], password)
      const {args, file} = engine.execution(node, ['redis-cli', '--version'], {tty: false})
      expect(execFileSync(file, args, {encoding: 'utf8'})).toContain('redis-cli')
      await engine.stop(node, 5000)
      expect((await engine.logTail('kept', 'n2')).join('\n')).toContain('ready to exit')
      docker('network', 'rm', 'shoal-kept-peer', 'shoal-kept-client')
      // Also if it is the only one left.
      const alone = {...asked, nodes: asked.nodes.slice(1)}
      expect(await engine.prepare(alone, never())).toEqual(new Map([['n2', peerAddress(spec).host]]))
      await engine.start(spec, never())
      expect(await callRedis(port, ['GET', 'key'], password)).toBe('value')
      expect(await callRedis(port, ['CONFIG', 'GET', 'maxmemory'], password)).toEqual(['maxmemory', '12345678'])
      const ip = '{{(index .NetworkSettings.Networks "shoal-kept-peer").IPAddress}}'
      expect(docker('inspect', '--format', ip, 'shoal-kept-n2')).toEqual([spec.peerHost])
    } finally {
      await engine.discard('kept')
    }
    expect(remains('kept')).toEqual([])
  })

  it('says what the node said when it ends while starting, and does not touch what another state folder has', async () => {
    const engine = new DockerEngine({folder: '/mine'})
    const asked = await layoutFor('mine', await redisImage(), 1)
    const layout = withHosts(asked, await engine.prepare(asked, never()))
    const [spec] = layout.nodes
    if (!spec) throw new Error('no node')
    const broken = {...spec, settings: [['no-such-directive', 'yes']] as const}
    await expect(engine.start(broken, never())).rejects.toMatchObject({
      code: 'NODE_START_FAILED',
      message: expect.stringMatching(/exit code 1/),
    })
    expect(nodesKept('mine')).toEqual([])
    const stranger = new DockerEngine({folder: '/theirs'})
    expect(await stranger.has('mine')).toBe(false)
    await stranger.discard('mine')
    await expect(stranger.prepare(asked, never())).rejects.toMatchObject({code: 'ENVIRONMENT_EXISTS'})
    expect(await engine.has('mine')).toBe(true)
    await engine.discard('mine')
    expect(remains('mine')).toEqual([])
  })

  it("runs Shoal's own node", async () => {
    const engine = new DockerEngine({folder: '/own'})
    const {reference} = await buildServerImage(new DockerCli(), 'shoal', never())
    expect(reference).toMatch(/^shoal-node:/)
    const asked = await layoutFor('own', reference, 1)
    const layout = withHosts(asked, await engine.prepare(asked, never()))
    const [spec] = layout.nodes
    if (!spec) throw new Error('no node')
    try {
      await engine.start(spec, never())
      expect(String(await callRedis(spec.address.port, ['INFO', 'server']))).toContain('redis_version')
    } finally {
      await engine.discard('own')
    }
    expect(remains('own')).toEqual([])
  })

  it('makes an image where there is none, of what this machine has, and says so', async () => {
    const {PATH: path = ''} = process.env
    const folder = temporaryFolder('path')
    for (const program of ['ldd', 'bash', 'sh', 'cat']) {
      const found = path.split(delimiter).find((each) => existsSync(join(each, program)))
      if (found !== undefined) symlinkSync(join(found, program), join(folder, program))
    }
    const platform = docker('version', '--format', '{{.Server.Os}}/{{.Server.Arch}}').join()
    const standIn = join(folder, 'docker-stand-in')
    const cases = [
      `version) echo ${platform} ;;`,
      'image) echo "No such image" >&2; exit 1 ;;',
      'import) cat >/dev/null ;;',
    ]
    writeFileSync(standIn, `#!/bin/sh\ncase "$1" in ${cases.join(' ')} esac\n`, {mode: 0o755})
    const told: string[] = []
    process.env['PATH'] = folder
    try {
      const cli = new DockerCli({DOCKER_CLI: standIn})
      expect(await chooseImage(cli, never(), (text) => told.push(text))).toMatch(/^shoal-node:/)
    } finally {
      process.env['PATH'] = path
    }
    expect(told.join()).toMatch(/made shoal-node:\S+ from Shoal's own node/)
  })
})
