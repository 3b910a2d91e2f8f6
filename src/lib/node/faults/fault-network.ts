import type {Rng} from '../../kernel/rng.js'
import type {FaultProbe, FaultProbeResult, NodeFaults} from '../../server/faults/effects.js'
import {type FaultRule, FaultTable} from '../../server/faults/rules.js'
import type {SystemDial} from '../dial.js'
import {FaultSocket} from './fault-socket.js'
import {probePeer} from './probe-peer.js'

/** The longest a timer of Node takes. */
const TIMER_MS_MAX = 2 ** 31 - 1

/** The faults between this node and others, on all connections that it opens. */
export class FaultNetwork implements NodeFaults {
  private readonly table = new FaultTable()
  private readonly sockets = new Map<FaultSocket, {readonly host: string; readonly port: number}>()
  private readonly probes = new Set<() => void>()
  private expiry: NodeJS.Timeout | undefined

  /** @param dial - what probes open data connections with */
  constructor(
    private readonly rng: Rng,
    private readonly dial: SystemDial,
  ) {}

  /** Opens a connection that the faults apply to. */
  open(dial: SystemDial, options: Parameters<SystemDial>[0]): FaultSocket {
    const host = options.host ?? 'localhost'
    const {port} = options
    const onGone = () => void this.sockets.delete(socket)
    const conditions = this.table.conditionsOf(host, port, Date.now())
    const socket: FaultSocket = new FaultSocket(() => dial(options), conditions, this.rng, onGone)
    this.sockets.set(socket, {host, port})
    return socket
  }

  rules(): FaultRule[] {
    return this.table.rulesAt(Date.now())
  }

  replace(rules: readonly FaultRule[], madeMs?: number): boolean {
    if (!this.table.replace(rules, madeMs)) return false
    this.govern()
    return true
  }

  private readonly govern = (): void => {
    const nowMs = Date.now()
    for (const [socket, {host, port}] of this.sockets) socket.govern(this.table.conditionsOf(host, port, nowMs))
    clearTimeout(this.expiry)
    const endMs = this.table.nextEndMs(nowMs)
    if (endMs !== undefined) this.expiry = setTimeout(this.govern, Math.min(endMs - nowMs, TIMER_MS_MAX))
  }

  probe(probes: readonly FaultProbe[], withinMs: number, done: (results: readonly FaultProbeResult[]) => void): void {
    const results: FaultProbeResult[] = []
    let openCount = probes.length
    if (openCount === 0) setImmediate(() => done(results))
    for (const [index, probe] of probes.entries()) {
      const stop = probePeer(this.open(this.dial, probe.peer), probe, withinMs, (result) => {
        this.probes.delete(stop)
        results[index] = result
        if (--openCount === 0) done(results)
      })
      this.probes.add(stop)
    }
  }

  close(): void {
    clearTimeout(this.expiry)
    for (const stop of this.probes) stop()
    for (const socket of this.sockets.keys()) socket.end()
    this.sockets.clear()
  }
}
