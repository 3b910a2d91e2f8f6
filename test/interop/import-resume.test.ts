import {execFileSync, spawnSync} from 'node:child_process'
import {join} from 'node:path'
import {afterAll, beforeAll, beforeEach, expect, it} from 'vitest'
import {hashSlot} from '../../src/lib/protocol/hash-slot.js'
import {runShoal} from '../support/cli.js'
import {
  describeWithPeers,
  type RealCluster,
  type RedisNode,
  startRealCluster,
  startRedis,
  startReplica,
  waitForAgreement,
} from '../support/peers.js'
import {claimPorts} from '../support/ports.js'
import {temporaryFolder} from '../support/processes.js'
import {
  closeSlot,
  differences,
  digestsOfCluster,
  keysOf,
  moveSlot,
  openSlot,
  ownerOf,
  plainKeys,
  sendAll,
} from './import-support.js'
import {Writers} from './reshard-load.js'

interface Document {
  readonly status: string
  readonly result: Record<string, number> & {readonly verified: Record<string, unknown>}
}

interface Failure {
  readonly error: {readonly message: string; readonly suggestions: readonly string[]}
}

describeWithPeers('import, when things go wrong', () => {
  let cluster: RealCluster
  let source: RedisNode

  beforeAll(async () => {
    ;[cluster, source] = await Promise.all([startRealCluster(3), startRedis()])
  })
  afterAll(() => Promise.all([cluster?.stop(), source?.stop()]))
  beforeEach(async () => {
    await Promise.all([...cluster.nodes, source].map((node) => node.call('FLUSHALL')))
  })

  const command = (...words: string[]) => [
    'import',
    cluster.seed,
    '--from',
    `127.0.0.1:${source.port}`,
    '--yes',
    '--json',
    ...words,
  ]
  /** Runs until an event of a phase was seen so many times, then does something with the process. */
  const runUntil = (
    phase: string,
    times: number,
    act: (kill: (signal: NodeJS.Signals) => void) => void,
    ...words: string[]
  ) => {
    let kill: (signal: NodeJS.Signals) => void = () => undefined
    let acted = false
    return runShoal(command('--events', ...words), {
      timeoutMs: 150_000,
      onStart: (process) => {
        kill = process.kill
      },
      onStderr: (text) => {
        if (acted || text.split(`"phase":"${phase}"`).length <= times) return
        acted = true
        act(kill)
      },
    })
  }

  /** Fills the source and kills an import of it. One that was through before the signal came is done again. */
  const killedAt = async (phase: string, page: number, ...words: string[]) => {
    for (let attempt = 0; attempt < 5; attempt++) {
      await Promise.all([...cluster.nodes, source].map((node) => node.call('FLUSHALL')))
      await sendAll(source.port, plainKeys(15_000))
      const {signal} = await runUntil(phase, page, (kill) => kill('SIGKILL'), ...words)
      if (signal === 'SIGKILL') return
    }
    throw new Error('the import was through before it could be killed')
  }

  it.each([
    ['copy', 1],
    ['copy', 30],
    ['verify', 10],
  ])('goes on after a SIGKILL during %s, page %i', async (phase, page) => {
    await killedAt(phase, page)
    const done = await runShoal(command())
    expect(done.code, done.stdout + done.stderr).toBe(0)
    const {result, status} = done.json<Document>()
    expect(status).toBe('imported')
    expect(result).toMatchObject({conflict: 0, verified: {checked: 15_000, missing: 0, different: 0}})
    expect((result['written'] ?? 0) + (result['equal'] ?? 0)).toBe(result['scanned'])
    if (phase === 'verify') expect(result['resumedAfter']).toBe(15_000)
    expect(await differences(source, cluster.nodes)).toEqual([])
  })

  it.each([2, 20, 45])('has each key on one side or both after a SIGKILL during a move, page %i', async (page) => {
    await killedAt('copy', page, '--move')
    const wanted = plainKeys(15_000).map(([, key]) => key as string)
    const halfway = new Set([...(await keysOf(source.port)), ...(await digestsOfCluster(cluster.nodes)).keys()])
    expect(wanted.filter((key) => !halfway.has(key))).toEqual([])
    const done = await runShoal(command('--move'))
    expect(done.code, done.stdout + done.stderr).toBe(0)
    expect(done.json<Document>().result).toMatchObject({conflict: 0, kept: 0})
    expect(await keysOf(source.port)).toEqual([])
    expect((await digestsOfCluster(cluster.nodes)).size).toBe(15_000)
  })

  it('starts anew where the cluster was emptied in between', async () => {
    await killedAt('copy', 30)
    await Promise.all(cluster.nodes.map((node) => node.call('FLUSHALL')))
    const done = await runShoal(command('--verify', 'none'))
    expect(done.json<Document>().result).toMatchObject({resumedAfter: 0, written: 15_000})
  })

  it('stops when the source is started anew, and begins with its first key again', async () => {
    const folder = temporaryFolder('source')
    const port = await claimPorts()
    let server = await startRedis({folder, port})
    await sendAll(port, [...plainKeys(20_000), ['SAVE']])
    let restarting: Promise<unknown> | undefined
    const args = ['import', cluster.seed, '--from', `127.0.0.1:${port}`, '--yes', '--json', '--events']
    const restart = async () => {
      await server.kill()
      server = await startRedis({folder, port})
    }
    const stopped = await runShoal(args, {
      onStderr: (text) => {
        if (text.includes('"progress"')) restarting ??= restart()
      },
    })
    await restarting
    expect(stopped.code, stopped.stdout).toBe(6)
    expect(stopped.json<Failure>().error.message).toMatch(/started anew meanwhile; \d+ keys are in the cluster/)
    const done = await runShoal(args)
    expect(done.json<Document>().result).toMatchObject({resumedAfter: 0, conflict: 0, scanned: 20_000})
    expect(await differences(server, cluster.nodes)).toEqual([])
    await server.stop()
  })

  it('stops on Ctrl-C, and goes on', async () => {
    await sendAll(source.port, plainKeys(40_000))
    const stopped = await runUntil('copy', 20, (kill) => kill('SIGINT'))
    expect(stopped.code).toBe(130)
    expect(stopped.json<{error: {code: string; message: string}}>().error.message).toMatch(
      /\d+ keys are in the cluster/,
    )
    const done = await runShoal(command())
    expect(done.json<Document>().result['resumedAfter']).toBeGreaterThan(0)
    expect(await differences(source, cluster.nodes)).toEqual([])
  })

  it('goes on where only what is left has room', async () => {
    await sendAll(source.port, plainKeys(20_000, 500))
    expect((await runUntil('copy', 30, (kill) => kill('SIGINT'))).code).toBe(130)
    const figure = async (node: RedisNode, field: string) =>
      Number(new RegExp(`${field}:(\\d+)`).exec(String(await node.call('INFO', 'memory')))?.[1])
    const whole = (await figure(source, 'used_memory_dataset')) / cluster.nodes.length
    for (const node of cluster.nodes) {
      await node.call('CONFIG', 'SET', 'maxmemory', Math.round((await figure(node, 'used_memory')) + whole * 0.95))
    }
    try {
      const done = await runShoal(command())
      expect(done.code, done.stdout).toBe(0)
      expect(done.json<Document>().result['resumedAfter']).toBeGreaterThan(0)
      const anew = await runShoal(command('--restart'))
      expect([anew.code, anew.json<Failure>().error.message]).toEqual([3, expect.stringContaining('no room')])
    } finally {
      for (const node of cluster.nodes) await node.call('CONFIG', 'SET', 'maxmemory', 0)
    }
  })

  it('loses nothing while slots move, connections break and clients write', async () => {
    await sendAll(source.port, plainKeys(50_000))
    const [first, second, third] = cluster.nodes as [RedisNode, RedisNode, RedisNode]
    const writers = new Writers(cluster.ports, {first: 0, last: 16_383}, 'import', 4)
    // One slot stays open from the first page to the end, for ASK; others change hands all the time, for MOVED.
    const open = hashSlot('key:7')
    const openFrom = ownerOf('key:7', cluster.nodes)
    const openTo = openFrom === first ? second : first
    let openId = ''
    let running = true
    let moved = 0
    const disturb = async (kill: (signal: NodeJS.Signals) => void) => {
      // The process is held until its idea of the cluster is an old one.
      kill('SIGSTOP')
      openId = (await openSlot(open, openFrom, openTo))[1] as string
      for (let slot = 100; slot < 120; slot++) await moveSlot(slot, first, third, cluster.nodes)
      kill('SIGCONT')
      for (let slot = 6000; running && slot < 6400; slot++) {
        if (slot === open) continue
        await moveSlot(slot, second, third, cluster.nodes)
        moved++
        if (moved % 5 === 0) await Promise.all([...cluster.nodes, source].map(breakImport))
      }
    }
    let disturbing: Promise<void> | undefined
    const done = await runUntil('copy', 3, (kill) => {
      disturbing = disturb(kill)
    })
    running = false
    await disturbing
    expect(openId, done.stdout + done.stderr).not.toBe('')
    await closeSlot(open, openFrom, openTo, cluster.nodes, openId)
    expect(await writers.stop()).toEqual([])
    expect(done.code, done.stdout + done.stderr).toBe(0)
    expect(done.json<Document>().result).toMatchObject({conflict: 0, verified: {missing: 0, different: 0}})
    const stats = await Promise.all(cluster.nodes.map((node) => node.call('INFO', 'errorstats')))
    expect(stats.join()).toMatch(/errorstat_MOVED/)
    expect(stats.join()).toMatch(/errorstat_ASK/)
    expect(moved).toBeGreaterThan(0)
    await waitForAgreement(cluster.nodes)
    expect(await differences(source, cluster.nodes)).toEqual([])
  })

  it('sits out a failover, and knows what it took along', async () => {
    const replicas = await Promise.all(cluster.nodes.map((node) => startReplica(node, cluster.nodes)))
    await sendAll(source.port, plainKeys(20_000))
    const victim = cluster.nodes[1] as RedisNode
    const run = await runUntil('copy', 20, () => void victim.kill())
    // What the dead node had acknowledged but not told its replica is missing, and that is said.
    expect([0, 6], run.stdout + run.stderr).toContain(run.code)
    const alive = [...cluster.nodes.filter((node) => node !== victim), replicas[1] as RedisNode]
    const again = await runShoal(command())
    expect([again.code, again.json<Document>().result['conflict']]).toEqual([0, 0])
    expect(await differences(source, alive)).toEqual([])
    await Promise.all(replicas.map((node) => node.stop()))
  })
})

describeWithPeers('import from a server with TLS', () => {
  it.skipIf(!hasOpenssl())('checks the certificate of the source, apart from the cluster', async () => {
    const folder = temporaryFolder('tls')
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
    const names = ['-subj', '/CN=source.test', '-addext', 'subjectAltName=DNS:source.test']
    const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
    execFileSync('openssl', ['req', '-x509', ...kind, '-keyout', key, '-out', cert, ...names], {stdio: 'ignore'})
    const port = await claimPorts()
    const tls = ['--tls-port', String(port), '--tls-cert-file', cert, '--tls-key-file', key, '--tls-ca-cert-file', cert]
    const [cluster, source] = await Promise.all([
      startRealCluster(3),
      startRedis({args: [...tls, '--tls-auth-clients', 'yes']}),
    ])
    try {
      await sendAll(source.port, plainKeys(500))
      const command = ['import', cluster.seed, '--from', `127.0.0.1:${port}`, '--yes', '--json']
      const login = ['--from-cert', cert, '--from-key', key]
      const unknown = await runShoal([...command, ...login])
      expect([unknown.code, unknown.json<Failure>().error.message]).toEqual([7, expect.stringMatching(/certificate/i)])
      expect(unknown.json<Failure>().error.suggestions.join()).toContain('--from-cacert FILE')
      const done = await runShoal([...command, ...login, '--from-cacert', cert, '--from-sni', 'source.test'])
      expect(done.code, done.stdout + done.stderr).toBe(0)
      expect(await differences(source, cluster.nodes)).toEqual([])
    } finally {
      await Promise.all([cluster.stop(), source.stop()])
    }
  })
})

/** Cuts the connections that an import reads and writes keys by; a client that repeats an INCR would be led astray. */
async function breakImport(node: RedisNode): Promise<void> {
  const clients = String(await node.call('CLIENT', 'LIST', 'TYPE', 'normal')).split('\n')
  for (const client of clients.filter((line) => /cmd=(?:restore|dump|pexpiretime|scan) /.test(line))) {
    await node.call('CLIENT', 'KILL', 'ID', String(/^id=(\d+)/.exec(client)?.[1]))
  }
}

function hasOpenssl(): boolean {
  return spawnSync('openssl', ['version']).status === 0
}
