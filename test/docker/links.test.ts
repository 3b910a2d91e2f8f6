import {writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterAll, beforeAll, expect, it} from 'vitest'
import {DockerCli} from '../../src/lib/engine/docker/docker-cli.js'
import {DockerEngine} from '../../src/lib/engine/docker/docker-engine.js'
import {nettoolsImage} from '../../src/lib/engine/docker/image/nettools.js'
import type {Layout, NodeSpec} from '../../src/lib/engine/engine.js'
import type {LinkEffect, LinkRule} from '../../src/lib/model/links.js'
import {describeWithDocker} from '../support/docker.js'
import {temporaryFolder, waitFor} from '../support/processes.js'
import {docker, layoutFor, redisImage, remains, withHosts} from './support.js'

/** A docker program that has all of a delay made but the waiting: so any kernel will do. */
function dockerWithoutNetem(): string {
  const file = join(temporaryFolder('docker-cli'), 'docker')
  const lines = [
    '#!/bin/bash',
    'for arg in "$@"; do shift; set -- "$@" "$(sed "s/ netem limit.*/ pfifo limit 7/" <<<"$arg")"; done',
    'exec docker "$@"',
  ]
  writeFileSync(file, `${lines.join('\n')}\n`, {mode: 0o755})
  return file
}

const never = () => new AbortController().signal
const DROP = {kind: 'drop'} as const

describeWithDocker('faults between nodes in Docker', () => {
  const engine = new DockerEngine({folder: '/links'})
  let layout: Layout

  beforeAll(async () => {
    const asked = await layoutFor('links', await redisImage(), 4)
    layout = withHosts(asked, await engine.prepare(asked, never()))
    await Promise.all(layout.nodes.map((node) => engine.start(node, never())))
  })

  afterAll(async () => {
    await engine.discard('links')
    expect(remains('links')).toEqual([])
  })

  const rules = (text: string, effect: LinkEffect = DROP): LinkRule[] =>
    text.split(' ').flatMap((word) => {
      const [, from = '', arrow, to = ''] = /^(\w+)(<?>)(\w+)$/.exec(word) ?? []
      return [{effect, from, to}, ...(arrow === '<>' ? [{effect, from: to, to: from}] : [])]
    })
  const apply = (wanted: readonly LinkRule[]) => engine.links.apply(layout, wanted, never())
  /** The links through which nothing comes, as `n1>n2`. */
  const closed = async () => {
    const names = layout.nodes.map(({name}) => name)
    const links = names.flatMap((from) => names.filter((to) => to !== from).map((to) => ({from, to})))
    const readings = await engine.links.probe(layout, links, 700, never())
    expect(readings).toHaveLength(links.length)
    return readings.flatMap(({from, passes, to}) => (passes ? [] : [`${from}>${to}`])).sort()
  }
  const helpers = () =>
    docker('ps', '--filter', 'label=dev.shoal.fault', '--format', '{{.Label "dev.shoal.node"}}').sort()

  it('takes a node that is cut from all off the network, and brings it back', async () => {
    expect(await closed()).toEqual([])
    await apply(rules('n1<>n2 n1<>n3 n1<>n4'))
    await apply(rules('n1<>n2 n1<>n3 n1<>n4'))
    expect(helpers()).toEqual([])
    expect(await closed()).toEqual(['n1>n2', 'n1>n3', 'n1>n4', 'n2>n1', 'n3>n1', 'n4>n1'])
    for (let cycle = 0; cycle < 5; cycle++) {
      await apply([])
      await apply(rules('n1<>n2 n1<>n3 n1<>n4'))
    }
    await apply([])
    await apply([])
    expect(await closed()).toEqual([])
    const ip = '{{(index .NetworkSettings.Networks "shoal-links-peer").IPAddress}}'
    expect(docker('inspect', '--format', ip, 'shoal-links-n1')).toEqual([layout.nodes[0]?.peerHost])
  })

  it('goes from one set of rules to another, and leaves no rule and no helper', async () => {
    await apply(rules('n1<>n3 n1<>n4 n2<>n3 n2<>n4'))
    expect(await closed()).toEqual(['n1>n3', 'n1>n4', 'n2>n3', 'n2>n4', 'n3>n1', 'n3>n2', 'n4>n1', 'n4>n2'])
    expect(helpers()).toHaveLength(2)
    await apply([...rules('n1>n2'), ...rules('n3<>n4', {kind: 'reset'})])
    expect(await closed()).toEqual(['n1>n2', 'n3>n4', 'n4>n3'])
    await apply(rules('n2<>n1 n2<>n3 n2<>n4'))
    expect(helpers()).toEqual([])
    await apply(rules('n2>n3', {kind: 'loss', probability: 1}))
    expect(await closed()).toContain('n2>n3')
    await apply([])
    expect(await closed()).toEqual([])
    await waitFor(() => helpers().length === 0, {what: 'the end of the helpers'})
  })

  it('heals at its time, while other rules stay', async () => {
    const untilMs = Date.now() + 2500
    const timed = rules('n1<>n2 n1<>n3 n1<>n4').map((rule) => ({...rule, untilMs}))
    await apply([...timed, ...rules('n3<>n4')])
    expect(await closed()).toContain('n1>n2')
    await waitFor(async () => (await closed()).join() === 'n3>n4,n4>n3', {what: 'the end of the timed rules'})
    await apply([])
    expect(await closed()).toEqual([])
  })

  it('puts right what a restart lost and what killed commands left', async () => {
    await apply(rules('n1<>n2'))
    docker('restart', '--time', '0', 'shoal-links-n1')
    await waitFor(async () => (await closed()).length === 0, {what: 'n1, which has lost its rules'})
    await apply(rules('n1<>n2'))
    expect(await closed()).toEqual(['n1>n2', 'n2>n1'])
    // Two at once: whichever helper was later has removed the rules of the other.
    await Promise.all([
      apply(rules('n1<>n3')),
      new DockerEngine({folder: '/links'}).links.apply(layout, rules('n1<>n4'), never()),
    ])
    await apply(rules('n1<>n2'))
    expect(await closed()).toEqual(['n1>n2', 'n2>n1'])
    expect(helpers()).toEqual(['n1'])
    docker('stop', '--time', '0', 'shoal-links-n1')
    await apply([])
    await waitFor(() => helpers().length === 0, {what: 'the end of the helper of a stopped node'})
    docker('start', 'shoal-links-n1')
    await waitFor(async () => (await closed()).length === 0, {what: 'n1'})
  })

  it('connects a node that is started again only when its rules stand', async () => {
    const [n1] = layout.nodes
    const cut = rules('n1<>n2')
    docker('kill', 'shoal-links-n1')
    await engine.start({...(n1 as NodeSpec), faults: {layout, rules: cut}}, never())
    expect(await closed()).toEqual(['n1>n2', 'n1>n3', 'n1>n4', 'n2>n1', 'n3>n1', 'n4>n1'])
    await apply(cut)
    expect(await closed()).toEqual(['n1>n2', 'n2>n1'])
    await apply([])
    expect(await closed()).toEqual([])
  })

  it('queues what a node sends to slow peers, whatever else is done to it, and leaves nothing of it', async () => {
    const cli = new DockerCli({...process.env, DOCKER_CLI: dockerWithoutNetem()})
    const {links} = new DockerEngine({cli, folder: '/links'})
    const slow = rules('n1>n2', {jitterMs: 20, kind: 'delay', ms: 100})
    const bring = (wanted: readonly LinkRule[]) => links.apply(layout, wanted, never())
    const helperIds = () => docker('ps', '--quiet', '--filter', 'label=dev.shoal.fault')
    const image = await nettoolsImage(cli, never())
    const beside = ['--network', 'container:shoal-links-n1', '--cap-drop', 'ALL']
    const show = (what: string) => {
      const each = `for i in /sys/class/net/eth*; do tc -s ${what} show dev $\{i##*/}; done`
      return docker('run', '--rm', ...beside, image, 'sh', '-c', each).join(' ')
    }
    const QUEUE = /htb 1\w{3}: root.*pfifo \w+: parent 1\w{3}:1 limit 7p/
    expect(await links.supports('delay')).toEqual({available: true})
    await bring(slow)
    expect(show('qdisc')).toMatch(QUEUE)
    expect(show('class')).toMatch(/Sent 0 bytes/)
    const [helper] = helperIds()
    await bring(slow)
    expect(helperIds()).toEqual([helper])
    // Its interface goes, and another one comes.
    await bring([...slow, ...rules('n1<>n2 n1<>n3 n1<>n4')])
    expect(helpers()).toEqual([])
    await bring([...slow, ...rules('n1<>n3')])
    expect(show('qdisc')).toMatch(QUEUE)
    expect(await closed()).toEqual(['n1>n3', 'n3>n1'])
    expect(show('class')).toMatch(/Sent [1-9]\d* bytes/)
    await bring([...slow, ...rules('n1<>n4')])
    expect(show('qdisc')).toMatch(QUEUE)
    await bring(rules('n1<>n3'))
    expect(show('qdisc')).not.toMatch(/htb|pfifo/)
    const untilMs = Date.now() + 2500
    await bring(slow.map((rule) => ({...rule, untilMs})))
    expect(show('qdisc')).toMatch(QUEUE)
    await waitFor(() => helpers().length === 0, {what: 'the end of the delay'})
    expect(show('qdisc')).not.toMatch(/htb|pfifo/)
  })

  it('tells how long a way takes', async () => {
    const readings = await engine.links.probe(layout, [{from: 'n1', to: 'n2'}], 3000, never())
    expect(readings).toEqual([{delayMs: expect.any(Number), from: 'n1', passes: true, to: 'n2'}])
    expect(readings[0]?.delayMs).toBeLessThan(300)
  })

  it('delays where the kernel can, and says what it lacks where it cannot', async () => {
    expect(await engine.links.supports('loss')).toEqual({available: true})
    const probe = await engine.links.supports('delay')
    const wanted = rules('n1>n2', {jitterMs: 0, kind: 'delay', ms: 120})
    if (!probe.available) {
      expect(probe).toMatchObject({
        reason: expect.stringContaining('sch_netem'),
        remedy: expect.stringContaining('modprobe'),
      })
      await expect(apply(wanted)).rejects.toMatchObject({
        code: 'ENVIRONMENT_LACKS',
        suggestions: [expect.stringContaining('modprobe')],
      })
      expect(helpers()).toEqual([])
      return
    }
    await apply(wanted)
    const [forth] = await engine.links.probe(layout, [{from: 'n1', to: 'n2'}], 1500, never())
    expect(forth?.delayMs).toBeGreaterThan(96)
    await apply([])
    expect(await closed()).toEqual([])
  })
})
