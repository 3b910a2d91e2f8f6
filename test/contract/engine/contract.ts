import {once} from 'node:events'
import {connect, createServer} from 'node:net'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import type {Engine, NodeSpec} from '../../../src/lib/engine/engine.js'
import {isPortFree} from '../../../src/lib/engine/ports.js'
import {claimPorts} from '../../support/ports.js'
import {waitFor} from '../../support/processes.js'

export interface EngineUnderTest {
  readonly engine: Engine
  /** Another engine that sees the same nodes, as a later run of the CLI does. */
  readonly other: Engine
  /** What stopped nodes of the environment keep. */
  leftovers(environment: string): string[] | Promise<string[]>
  /** Whether the nodes' bus listens on this machine: then its port can be taken, too. */
  readonly isBusHere: boolean
  /** As `NodeSpec.program`. */
  readonly program?: string
}

const never = () => new AbortController().signal

/** The first line a node answers to PING, if it listens at all. */
async function firstLine({address}: NodeSpec): Promise<string | undefined> {
  const socket = connect(address.port, address.host)
  try {
    await once(socket, 'connect')
    socket.write('PING\r\n')
    const [data] = await once(socket, 'data')
    return String(data).split('\r\n')[0]
  } catch {
    return undefined
  } finally {
    socket.destroy()
  }
}

async function collect(lines: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = []
  for await (const line of lines) all.push(line)
  return all
}

/** What every engine promises. */
export function describeEngine(
  name: string,
  make: () => Promise<EngineUnderTest> | EngineUnderTest,
  describeHere: (name: string, body: () => void) => void = describe,
): void {
  describeHere(`engine contract: ${name}`, () => {
    let under: EngineUnderTest
    let specs: NodeSpec[]

    beforeEach(async () => {
      under = await make()
      const base = await claimPorts(3)
      const plain = [0, 1].map((index) => ({
        address: {host: '127.0.0.1', port: base + index},
        busPort: base + index + 10000,
        cluster: true,
        environment: 'blue',
        name: `n${index + 1}`,
        ...(under.program !== undefined && {program: under.program}),
      }))
      specs = await prepared(plain)
    })

    const prepared = async (plain: readonly NodeSpec[]) => {
      const hosts = await under.engine.prepare({environment: 'blue', nodes: plain}, never())
      return plain.map((spec) => {
        const peerHost = hosts.get(spec.name)
        return peerHost === undefined ? spec : {...spec, peerHost}
      })
    }

    afterEach(async () => {
      for (const node of await under.engine.list()) await under.engine.stop(node, 0)
      // Both: each knows only of itself what it has begun and not finished.
      await under.other.discard('blue')
      await under.engine.discard('blue')
      expect(await under.engine.has('blue')).toBe(false)
    })

    it('is available here', async () => {
      expect(await under.engine.probe()).toEqual({available: true})
    })

    it('starts a node that answers PING and is listed, also by a later run', async () => {
      const [spec] = specs as [NodeSpec, NodeSpec]
      const node = await under.engine.start(spec, never())
      expect(node).toMatchObject({address: spec.address, environment: 'blue', name: 'n1'})
      expect(await firstLine(spec)).toBe('+PONG')
      expect(await under.other.logTail('blue', 'n1')).toBeInstanceOf(Array)
      for (const engine of [under.engine, under.other]) {
        const [listed, ...more] = await engine.list('blue')
        expect(more).toEqual([])
        const {address, environment, name, pid, startToken} = node
        expect(listed).toMatchObject({address, environment, name, pid, startToken})
        expect(listed?.memoryBytes).toBeGreaterThan(0)
        expect(await engine.list()).toHaveLength(1)
        expect(await engine.list('green')).toEqual([])
      }
    })

    it('lists nodes by name, and stops one without the other', async () => {
      const nodes = await Promise.all([...specs].reverse().map((spec) => under.engine.start(spec, never())))
      expect((await under.other.list('blue')).map((node) => node.name)).toEqual(['n1', 'n2'])
      await under.other.stop(nodes[0]!, 2000)
      expect((await under.engine.list('blue')).map((node) => node.name)).toEqual(['n1'])
    })

    it('stops a node for good, twice if asked twice, and keeps what it had until discarded', async () => {
      const [spec] = specs as [NodeSpec, NodeSpec]
      const node = await under.engine.start(spec, never())
      await under.engine.stop(node, 2000)
      expect(await under.engine.list()).toEqual([])
      expect(await isPortFree('127.0.0.1', spec.address.port)).toBe(true)
      await under.engine.stop(node, 2000)
      expect(await under.leftovers('blue')).toEqual(['n1'])
      await under.engine.discard('blue')
      expect(await under.leftovers('blue')).toEqual([])
      await under.engine.discard('blue')
    })

    it('prepares again without changing what stands, also when nodes come', async () => {
      const before = await under.engine.prepare({environment: 'blue', nodes: specs}, never())
      expect(await under.other.prepare({environment: 'blue', nodes: specs}, never())).toEqual(before)
      const [first, second] = specs as [NodeSpec, NodeSpec]
      const {port} = second.address
      const {peerHost, ...third} = {
        ...second,
        address: {...second.address, port: port + 1},
        busPort: second.busPort + 1,
        name: 'n0',
      }
      const after = await under.other.prepare({environment: 'blue', nodes: [third, first, second]}, never())
      expect([...before].map(([name]) => after.get(name))).toEqual([...before.values()])
      expect(new Set(after.values()).size).toBe(after.size)
    })

    it('starts a stopped node again as another process', async () => {
      const [spec] = specs as [NodeSpec, NodeSpec]
      const first = await under.engine.start(spec, never())
      await under.engine.stop(first, 2000)
      const second = await under.engine.start(spec, never())
      expect(`${second.pid} ${second.startToken}`).not.toBe(`${first.pid} ${first.startToken}`)
      // The old reference no longer means anything.
      await under.engine.stop(first, 0)
      expect(await under.engine.list()).toHaveLength(1)
    })

    it('freezes a node, which is seen at once, and lets it go on; twice if asked twice', async () => {
      const [spec] = specs as [NodeSpec, NodeSpec]
      const node = await under.engine.start(spec, never())
      for (const paused of [true, true, false, false]) {
        expect(await (paused ? under.engine.pause(node) : under.engine.unpause(node))).toBe(true)
        expect(await under.other.list('blue')).toMatchObject([{name: 'n1', paused, pid: node.pid}])
      }
      expect(await firstLine(spec)).toBe('+PONG')
    })

    it('ends a frozen node', async () => {
      const node = await under.engine.start(specs[0]!, never())
      await under.engine.pause(node)
      await under.engine.stop(node, 2000)
      expect(await under.engine.list()).toEqual([])
    })

    it('sends a signal, and says of a node that is gone that it is', async () => {
      const node = await under.engine.start(specs[0]!, never())
      expect(await under.engine.signal(node, 'SIGKILL')).toBe(true)
      await waitFor(async () => (await under.engine.list()).length === 0, {what: 'end of the node'})
      expect(await under.engine.signal(node, 'SIGCONT')).toBe(false)
      expect(await under.engine.pause(node)).toBe(false)
      expect(await under.engine.unpause(node)).toBe(false)
    })

    it('says whether there is anything of an environment, until it is discarded', async () => {
      await under.engine.discard('blue')
      expect(await under.other.has('blue')).toBe(false)
      const [spec] = await prepared(specs)
      const node = await under.engine.start(spec!, never())
      expect(await under.other.has('blue')).toBe(true)
      expect(await under.other.has('green')).toBe(false)
      await under.engine.stop(node, 2000)
      expect(await under.other.has('blue')).toBe(true)
      await under.engine.discard('blue')
      expect(await under.other.has('blue')).toBe(false)
    })

    it('gives the last lines of a log, then all that come until nobody listens', async () => {
      await under.engine.start(specs[0]!, never())
      const tail = await under.other.logTail('blue', 'n1')
      const [last] = await collect(under.other.logs('blue', 'n1', {follow: false, lines: 1}, never()))
      expect(tail).toContain(last)
      const abort = new AbortController()
      const followed: string[] = []
      for await (const line of under.other.logs('blue', 'n1', {follow: true}, abort.signal)) {
        followed.push(line)
        if (line === last) abort.abort()
      }
      expect(followed.at(-1)).toBe(last)
    })

    it('says how a command is run beside a node', async () => {
      const node = await under.engine.start(specs[0]!, never())
      const {args, file} = under.engine.execution(node, ['echo', 'a b'], {tty: false})
      expect([file, ...args].slice(-2)).toEqual(['echo', 'a b'])
    })

    it.each(['address', 'busPort'] as const)('names a taken port (%s) and leaves nothing behind', async (which) => {
      if (which === 'busPort' && !under.isBusHere) return
      const [spec] = specs as [NodeSpec, NodeSpec]
      const port = which === 'address' ? spec.address.port : spec.busPort
      const squatter = createServer().listen(port, '127.0.0.1')
      await once(squatter, 'listening')
      await expect(under.engine.start(spec, never())).rejects.toMatchObject({code: 'PORT_IN_USE', details: {port}})
      squatter.close()
      expect(await under.engine.list()).toEqual([])
      expect(await under.leftovers('blue')).toEqual([])
    })

    it('refuses to start a node that runs, and leaves it running', async () => {
      const [spec] = specs as [NodeSpec, NodeSpec]
      await under.engine.start(spec, never())
      await expect(under.engine.start(spec, never())).rejects.toMatchObject({code: 'PORT_IN_USE'})
      expect(await under.engine.list()).toHaveLength(1)
      expect(await firstLine(spec)).toBe('+PONG')
      expect(await under.leftovers('blue')).toEqual(['n1'])
    })

    it('leaves nothing behind when aborted before or during a start', async () => {
      const [spec] = specs as [NodeSpec, NodeSpec]
      await expect(under.engine.start(spec, AbortSignal.abort())).rejects.toMatchObject({code: 'INTERRUPTED'})
      const abort = new AbortController()
      const starting = under.engine.start(spec, abort.signal)
      abort.abort()
      await expect(starting).rejects.toMatchObject({code: 'INTERRUPTED'})
      expect(await under.engine.list()).toEqual([])
      expect(await under.leftovers('blue')).toEqual([])
      expect(await isPortFree('127.0.0.1', spec.address.port)).toBe(true)
    })
  })
}
