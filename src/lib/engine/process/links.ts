import {connect, type Socket} from 'node:net'
import {setTimeout as delay} from 'node:timers/promises'
import {CliError} from '../../kernel/errors.js'
import type {Link, LinkRule} from '../../model/links.js'
import type {Layout, NodeSpec, Probe} from '../engine.js'
import type {LinkControl, LinkReading} from '../links.js'
import {requireNotAborted} from '../local/launch.js'
import {sourceHostOf} from './addresses.js'
import type {ProxiedNode} from './link-proxy.js'
import type {ProxyProcesses} from './proxy-process.js'

export interface ProcessLinksOptions {
  readonly proxies: ProxyProcesses
  /** Whether something can stand between nodes of this machine at all. */
  readonly supports: () => Promise<Probe>
  /** Names of an environment's nodes that run and are not frozen. */
  readonly running: (environment: string) => Promise<ReadonlySet<string>>
}

const POLL_MS = 8
/** Probed at the same time. */
const PROBES_MAX = 256

/** Faults by the link proxy, through which all that nodes say to each other goes. */
export class ProcessLinks implements LinkControl {
  constructor(private readonly options: ProcessLinksOptions) {}

  supports(): Promise<Probe> {
    return this.options.supports()
  }

  async apply({environment, nodes}: Layout, rules: readonly LinkRule[], signal: AbortSignal): Promise<void> {
    const {proxies} = this.options
    requireNotAborted(signal)
    const direct = nodes.filter(({peerHost}) => peerHost === undefined)
    // A link that nothing stands in is open; where nodes know each other by the proxy alone, and it is gone, none is.
    if (rules.length === 0 && (direct.length > 0 || (await this.options.running(environment)).size === 0)) {
      if (!(await proxies.isRunning(environment))) return
    }
    if (direct.length > 0) {
      throw new CliError('ENVIRONMENT_LACKS', `nothing stands between the nodes of ${environment}`, {
        details: {nodes: direct.map(({name}) => name)},
        suggestions: [`shoal up --name ${environment}`],
      })
    }
    await proxies.ensure(environment, proxiedNodes(nodes), signal)
    await proxies.call(environment, {command: 'rules', rules})
  }

  async probe(
    {environment, nodes}: Layout,
    links: readonly Link[],
    withinMs: number,
    signal: AbortSignal,
  ): Promise<LinkReading[]> {
    const running = await this.options.running(environment)
    const byName = new Map(nodes.filter(({name}) => running.has(name)).map((node) => [node.name, node]))
    const readings: LinkReading[] = []
    for (let first = 0; first < links.length; first += PROBES_MAX) {
      const tries = links.slice(first, first + PROBES_MAX).flatMap((link) => {
        const [from, to] = [byName.get(link.from), byName.get(link.to)]
        return from && to ? [new Try(link, from, to)] : []
      })
      try {
        await this.waitForArrivals(environment, tries, withinMs, signal)
        readings.push(...tries.map((each) => each.reading()))
      } finally {
        for (const each of tries) each.close()
      }
    }
    return readings
  }

  /** Until all arrived or failed, or the time is over. */
  private async waitForArrivals(
    environment: string,
    tries: readonly Try[],
    withinMs: number,
    signal: AbortSignal,
  ): Promise<void> {
    const deadline = performance.now() + withinMs
    for (;;) {
      requireNotAborted(signal)
      const open = tries.filter((each) => each.isOpen)
      const dialers = open.flatMap(({dialer}) => dialer ?? [])
      if (dialers.length > 0) {
        // A proxy that is gone forwards nothing: that is an answer too.
        const {arrivals = {}} = await this.options.proxies
          .call(environment, {command: 'arrivals', dialers})
          .catch(() => ({arrivals: {}}))
        for (const each of open) each.arrived(arrivals)
      }
      if (!tries.some((each) => each.isOpen) || performance.now() >= deadline) return
      await delay(POLL_MS)
    }
  }
}

export function proxiedNodes(nodes: readonly NodeSpec[]): ProxiedNode[] {
  return nodes.map(({address, busPort, name}) => ({busPort, name, port: address.port}))
}

/** A connection as one node makes it to another, on which a PING is sent. */
class Try {
  /** HOST:PORT from which it is made, once it is. */
  dialer: string | undefined
  private readonly socket: Socket
  private readonly begunNs = process.hrtime.bigint()
  private arrivedNs: bigint | undefined
  private hasFailed = false

  constructor(
    private readonly link: Link,
    from: NodeSpec,
    to: NodeSpec,
  ) {
    const localAddress = sourceHostOf(from.address.port)
    const socket = connect({host: to.peerHost ?? to.address.host, localAddress, port: to.address.port})
    this.socket = socket
    socket.once('connect', () => {
      this.dialer = `${localAddress}:${socket.localPort}`
      socket.write('PING\r\n')
    })
    socket
      .on('error', () => undefined)
      .once('close', () => {
        this.hasFailed = true
      })
    socket.resume()
  }

  get isOpen(): boolean {
    return this.arrivedNs === undefined && !this.hasFailed
  }

  arrived(arrivals: Readonly<Record<string, string>>): void {
    const arrivedNs = this.dialer === undefined ? undefined : arrivals[this.dialer]
    if (arrivedNs !== undefined) this.arrivedNs = BigInt(arrivedNs)
  }

  reading(): LinkReading {
    if (this.arrivedNs === undefined) return {...this.link, passes: false}
    return {...this.link, delayMs: Number(this.arrivedNs - this.begunNs) / 1e6, passes: true}
  }

  close(): void {
    this.socket.destroy()
  }
}
