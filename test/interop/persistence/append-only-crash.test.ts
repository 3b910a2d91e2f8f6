import type {ChildProcess} from 'node:child_process'
import {once} from 'node:events'
import {readdirSync} from 'node:fs'
import {join} from 'node:path'
import {setTimeout as delay} from 'node:timers/promises'
import {describe, expect, it} from 'vitest'
import {type Rng, seededRng} from '../../../src/lib/kernel/rng.js'
import {packageFolder} from '../../support/cli.js'
import {claimPorts} from '../../support/ports.js'
import {spawnTracked, temporaryFolder, waitFor} from '../../support/processes.js'
import {encodeRequest, RawConnection} from '../../support/raw-resp.js'

/**
 * Nodes killed with SIGKILL while clients write and the file is rewritten all the time, then started again on what they
 * left. `always`: nothing that was acknowledged is missing. `everysec`: nothing that was acknowledged more than a second
 * before, plus the second that a write may wait for the disk. Nothing is there twice or in part.
 *
 * CRASH_SEED=17 replays one; CRASH_KILLS=500 kills that often.
 */
const SEED = Number(process.env['CRASH_SEED'] ?? Date.now() % 1_000_000)
const KILLS = {always: Number(process.env['CRASH_KILLS'] ?? 50), everysec: Number(process.env['CRASH_KILLS'] ?? 16)}
const LIFE_MS = {always: {max: 120, min: 5}, everysec: {max: 2600, min: 2100}}
const LOSS_MS_MAX = {always: 0, everysec: 2000}
/** Nodes at a time: those of `everysec` mostly wait for the time to pass. */
const LANES = {always: 2, everysec: 8}
const CLIENTS = 6
/** What a rewrite has to do. */
const KEYS = 2000
/** Of all kills those that are to hit a rewrite, which takes about so long. */
const REWRITES_BEFORE_KILLS = 0.7
const REWRITE_MS = 60
const IN_FLIGHT = 4
/** Replies to one transaction. */
const REPLIES_PER_OPERATION = 4

type Policy = 'always' | 'everysec'

const REWRITING = ['--auto-aof-rewrite-min-size', '10kb', '--auto-aof-rewrite-percentage', '10']

/** Adds one to two counters at once, and something to the file. */
function operation(client: number): string {
  return [['MULTI'], ['INCR', `one:${client}`], ['APPEND', `two:${client}`, 'x'], ['EXEC']].map(encodeRequest).join('')
}

/** One client that writes until its node is gone. */
class Writer {
  sent = 0
  acked = 0
  /** When each operation was acknowledged, from the first of this life on. */
  readonly ackedMs: number[] = []
  private replies = 0

  constructor(
    private readonly connection: RawConnection,
    private readonly number: number,
    private readonly pauseMs: number,
  ) {}

  async run(): Promise<void> {
    const {connection} = this
    while (!connection.closed) {
      while (this.sent - this.acked < IN_FLIGHT) {
        connection.send(operation(this.number))
        this.sent++
      }
      await delay(this.pauseMs)
      this.take()
    }
    this.take()
  }

  private take(): void {
    for (const reply of this.connection.arrived()) {
      expect(reply).not.toMatch(/^-(?!ERR Background)/)
      if (/ackground/.test(reply)) continue
      if (++this.replies % REPLIES_PER_OPERATION !== 0) continue
      this.acked++
      this.ackedMs.push(performance.now())
    }
  }
}

class Lane {
  private readonly folder = temporaryFolder('crash')
  private readonly rng: Rng
  private child: ChildProcess | undefined
  /** Of each client, operations that are in the data. */
  private readonly counts: number[] = Array.from({length: CLIENTS}, () => 0)
  rewrites = 0
  /** The most that was missing of what had been acknowledged. */
  lost = 0

  constructor(
    private readonly policy: Policy,
    seed: number,
    private readonly port: number,
  ) {
    this.rng = seededRng(seed)
  }

  async run(kills: number): Promise<void> {
    await this.start()
    const connection = await RawConnection.open(this.port)
    await connection.batch(Array.from({length: KEYS}, (_, i) => ['SET', `key:${i}`, 'x'.repeat(100)]))
    connection.close()
    for (let i = 0; i < kills; i++) await this.live()
    this.child?.kill('SIGKILL')
  }

  private async start(): Promise<void> {
    const {folder, policy, port} = this
    const settings = ['--port', `${port}`, '--dir', folder, '--save', '', '--enable-debug-command', 'yes']
    const file = ['--appendonly', 'yes', '--appendfsync', policy, ...REWRITING]
    const log = ['--logfile', join(folder, 'node.log')]
    const child = spawnTracked(process.execPath, [
      join(packageFolder(), 'bin', 'server.js'),
      ...settings,
      ...file,
      ...log,
    ])
    this.child = child
    await waitFor(
      async () => {
        if (child.exitCode !== null) return 'ended'
        const connection = await RawConnection.open(port)
        const answer = await connection.call('PING')
        connection.close()
        return answer === '+PONG\r\n' && 'answers'
      },
      {deadlineMs: 60_000, everyMs: 20, what: `a node on ${folder}`},
    ).then((how) => expect(how, `a node on ${readdirSync(folder)}`).toBe('answers'))
  }

  /** From one start to the next one. */
  private async live(): Promise<void> {
    const {policy, port, rng} = this
    const connections = await Promise.all(this.counts.map(() => RawConnection.open(port)))
    const writers = connections.map((connection, i) => new Writer(connection, i, policy === 'always' ? 0 : 4))
    const runs = writers.map((writer) => writer.run())
    const {max, min} = LIFE_MS[policy]
    await delay(min + rng.below(max - min))
    if (rng.chance(REWRITES_BEFORE_KILLS)) {
      connections[0]!.post(['BGREWRITEAOF'])
      await delay(rng.below(REWRITE_MS))
    }
    const killedMs = performance.now()
    const gone = once(this.child!, 'exit')
    this.child!.kill('SIGKILL')
    await Promise.all([gone, ...runs])
    await this.start()
    await this.check(writers, killedMs)
  }

  private async check(writers: readonly Writer[], killedMs: number): Promise<void> {
    const connection = await RawConnection.open(this.port)
    for (const [i, {acked, ackedMs, sent}] of writers.entries()) {
      const [first, second] = await connection.batch([
        ['GET', `one:${i}`],
        ['STRLEN', `two:${i}`],
      ])
      const one = Number(first!.split('\r\n')[1] ?? 0)
      expect(second, 'the other half of a transaction').toBe(`:${one}\r\n`)
      const kept = one - this.counts[i]!
      const due = ackedMs.filter((ms) => ms <= killedMs - LOSS_MS_MAX[this.policy]).length
      expect(kept, 'what had been acknowledged').toBeGreaterThanOrEqual(this.policy === 'always' ? acked : due)
      expect(kept, 'what had been sent').toBeLessThanOrEqual(sent)
      this.lost = Math.max(this.lost, acked - kept)
      this.counts[i] = one
    }
    const keys = KEYS + 2 * this.counts.filter((count) => count > 0).length
    expect(await connection.call('DBSIZE')).toBe(`:${keys}\r\n`)
    connection.close()
    this.rewrites = readdirSync(join(this.folder, 'appendonlydir')).reduce(
      (most, name) => Math.max(most, Number(/\.(\d+)\.base/.exec(name)?.[1] ?? 0)),
      this.rewrites,
    )
  }
}

describe(`append-only files of nodes that are killed (seed ${SEED})`, () => {
  for (const policy of ['always', 'everysec'] as const) {
    it.concurrent(`keep what appendfsync ${policy} promises`, async () => {
      const count = LANES[policy]
      const base = await claimPorts(count)
      const lanes = Array.from({length: count}, (_, i) => new Lane(policy, SEED * 100 + i, base + i))
      await Promise.all(lanes.map((lane) => lane.run(Math.ceil(KILLS[policy] / count))))
      const rewrites = lanes.reduce((sum, lane) => sum + lane.rewrites, 0)
      const lost = Math.max(...lanes.map((lane) => lane.lost))
      process.stdout.write(`${policy}: ${KILLS[policy]} kills, ${rewrites} rewrites, ${lost} operations lost at most\n`)
      expect(rewrites).toBeGreaterThan(count)
    }, 3_600_000)
  }
})
