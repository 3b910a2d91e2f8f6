import {afterAll, afterEach, beforeAll, describe, expect, it} from 'vitest'
import type {ErrorDocument} from '../../src/lib/kernel/errors.js'
import type {Reading} from '../../src/lib/model/cluster-reading.js'
import {runShoal} from '../support/cli.js'
import {describeWithPeers, type RealCluster, type RedisNode, startRealCluster, startReplica} from '../support/peers.js'
import {processesWith, waitFor} from '../support/processes.js'
import {hasTmux, Terminal} from './wizard-terminal.js'

interface Document {
  readonly intervalMs: number
  readonly looks: number
  readonly reading: Reading
  readonly problems: readonly string[]
}

const REQUIRED = process.env['REQUIRE_PEERS'] === '1'

describeWithPeers('watch', () => {
  const inTerminal = hasTmux() || REQUIRED ? it : it.skip
  let cluster: RealCluster
  let replica: RedisNode
  let terminal: Terminal | undefined

  beforeAll(async () => {
    cluster = await startRealCluster(3)
    replica = await startReplica(cluster.nodes[0] as RedisNode, cluster.nodes)
  })

  afterEach(() => terminal?.close())
  afterAll(async () => {
    await replica?.stop()
    await cluster?.stop()
  })

  const at = (index: number) => `127.0.0.1:${cluster.ports[index]}`
  const watch = (...args: string[]) => runShoal(['watch', cluster.seed, ...args])

  /** Writes without a pause until it is told to stop. */
  const keepWriting = (node: RedisNode, key: string) => {
    let isOn = true
    const done = (async () => {
      while (isOn) await node.call('SET', key, 'v')
    })()
    return async () => {
      isOn = false
      await done
    }
  }

  describe('without a terminal', () => {
    it('prints one plain block per look, and ends after --count', async () => {
      const {code, stdout, stderr} = await watch('--count', '2', '--interval', '100ms')
      expect({code, stderr}).toEqual({code: 0, stderr: ''})
      expect(stdout).not.toContain('\u001B')
      const heads = stdout.match(/^127\.0\.0\.1:\d+ {2}\d\d:\d\d:\d\d {2}every 100 ms .*$/gm)
      expect(heads).toHaveLength(2)
      expect(heads?.[0]).toContain('3 primaries  1 replica  16,384 of 16,384 slots')
      expect(stdout).toMatch(/^A+\+B+\+C+$/m)
      expect(stdout).toMatch(
        new RegExp(`^A {2}${at(0)} +primary +5,461 .*\\n {3}  127.0.0.1:${replica.port} +replica .* B +OK$`, 'm'),
      )
    })

    it('prints one document that measures one interval, with --json', async () => {
      const stop = keepWriting(cluster.nodes[0] as RedisNode, '{06S}a')
      const {code, json, stderr} = await watch('--json', '--interval', '300ms')
      await stop()
      expect({code, stderr}).toEqual({code: 0, stderr: ''})
      const {intervalMs, looks, problems, reading} = json<Document>()
      expect({intervalMs, looks, problems}).toEqual({intervalMs: 300, looks: 2, problems: []})
      expect(reading.nodes).toHaveLength(4)
      const busy = reading.nodes.find(({address}) => address === at(0))
      expect(busy?.opsPerSecond).toBeGreaterThan(0)
      expect(busy?.inBytesPerSecond).toBeGreaterThan(0)
      expect(reading.nodes.find(({role}) => role === 'replica')).toMatchObject({
        copy: 'ok',
        lagBytes: expect.any(Number),
        slotCount: 0,
      })
    })

    it('prints every look as a line of JSON on stderr, with --events', async () => {
      const {code, stdout, stderr} = await watch('--events', '--count', '3', '--interval', '100ms')
      expect({code, stdout}).toEqual({code: 0, stdout: ''})
      const events = stderr
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>)
      expect(events.map(({event}) => event)).toEqual(['sample', 'sample', 'sample'])
      expect(events[2]).toMatchObject({at: expect.stringMatching(/^\d{4}-/), news: [], problems: []})
    })

    it('ends with 130 on Ctrl-C, with nothing but its blocks', async () => {
      let stop: ((name: NodeJS.Signals) => void) | undefined
      const run = runShoal(['watch', cluster.seed, '--events', '--interval', '100ms'], {
        onStart: ({kill}) => {
          stop = kill
        },
        onStderr: (text) => text.split('\n').length > 2 && stop?.('SIGINT'),
      })
      const {code, stderr} = await run
      expect(code).toBe(130)
      for (const line of stderr.trim().split('\n')) expect(JSON.parse(line)).toMatchObject({event: 'sample'})
    })

    const wrong: [args: string[], exit: number, code: string][] = [
      [['--interval', '1ms'], 2, 'BAD_FLAG'],
      [['--count', '0'], 2, 'BAD_FLAG'],
      [['--interval', 'often'], 2, 'BAD_FLAG'],
    ]
    for (const [args, exit, code] of wrong) {
      it(`refuses ${args.join(' ')}`, async () => {
        const run = await watch(...args, '--json')
        expect([run.code, run.json<ErrorDocument>().error.code]).toEqual([exit, code])
      })
    }
  })

  describe('in a terminal', () => {
    inTerminal('draws in place, follows the size, and leaves the terminal as it was on q', async () => {
      terminal = new Terminal(['watch', cluster.seed, '--interval', '100ms'])
      const screen = await terminal.see('All nodes answer, every slot is covered.')
      expect(screen).toMatch(new RegExp(`${at(1)} +primary +5,462 `))
      expect(screen).toContain('CLIENTS')
      expect(terminal.isHeld()).toBe(true)
      terminal.resize(50, 12)
      // The terminal itself cuts what was drawn for more columns off at the right, where STATE is.
      const isRedrawn = (text = '') => !text.includes('CLIENTS') && text.includes('STATE')
      await waitFor(() => isRedrawn(terminal?.screen()), {what: () => `fewer columns:\n${terminal?.screen()}`})
      terminal.type('q')
      expect(await terminal.exitCode()).toBe(0)
      expect(terminal.isHeld()).toBe(false)
      expect(terminal.screen()).not.toContain('STATE')
    })

    inTerminal('shows slots on the way', async () => {
      const [source, target] = cluster.nodes as [RedisNode, RedisNode]
      const [from, to] = await Promise.all(
        [source, target].map(async (node) => String(await node.call('CLUSTER', 'MYID'))),
      )
      terminal = new Terminal(['watch', cluster.seed, '--interval', '100ms'])
      await terminal.see('All nodes answer')
      await target.call('CLUSTER', 'SETSLOT', 7, 'IMPORTING', from as string)
      await source.call('CLUSTER', 'SETSLOT', 7, 'MIGRATING', to as string)
      await terminal.see(`1 open slot on the way from ${at(0)} to ${at(1)}: 7`)
      await Promise.all([source, target].map((node) => node.call('CLUSTER', 'SETSLOT', 7, 'STABLE')))
      await terminal.see('no slot is open any more')
    })

    for (const [name, end] of [
      ['Ctrl-C', (held: Terminal) => held.press('C-c')],
      [
        'SIGTERM',
        () => {
          const [pid] = processesWith(`watch ${cluster.seed} --interval 150ms`)
          if (pid === undefined) throw new Error('no such process')
          process.kill(pid, 'SIGTERM')
        },
      ],
    ] as const) {
      inTerminal(`gives the terminal back on ${name}, and exits 130`, async () => {
        terminal = new Terminal(['watch', cluster.seed, '--interval', '150ms'])
        await terminal.see('All nodes answer')
        end(terminal)
        expect(await terminal.exitCode()).toBe(130)
        expect(terminal.isHeld()).toBe(false)
        expect(terminal.screen()).not.toMatch(/Error|STATE/)
      })
    }

    inTerminal('lives on when nodes die, its seed among them, and when all are gone', async () => {
      terminal = new Terminal(['watch', at(1), '--interval', '100ms'])
      await terminal.see('All nodes answer')
      await cluster.nodes[2]?.kill()
      await terminal.see(`${at(2)} stopped answering`)
      await terminal.see(`${at(2)} does not answer`)
      await cluster.nodes[1]?.kill()
      await terminal.see(/the node watched through is gone; going on by 127\.0\.0\.1:\d+/)
      await terminal.see(new RegExp(`${at(1)} +primary .*DOWN`))
      await replica.kill()
      await cluster.nodes[0]?.kill()
      await terminal.see('No node answers')
      terminal.type('q')
      expect(await terminal.exitCode()).toBe(0)
      const gone = await watch('--json')
      expect([gone.code, gone.json<ErrorDocument>().error.code]).toEqual([7, 'UNREACHABLE'])
    })
  })
})
