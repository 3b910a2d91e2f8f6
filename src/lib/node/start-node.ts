import {unlinkSync, writeFileSync} from 'node:fs'
import {messageOf} from '../kernel/errors.js'
import type {Config} from '../server/config/config.js'
import type {ShutdownOptions} from '../server/effects.js'
import {Server} from '../server/server.js'
import {seedStringHash} from '../server/values/table/string-hash.js'
import {AppendOnlyShell} from './append-only-shell.js'
import type {ClusterBus} from './cluster-bus.js'
import {pathInDir} from './config-file.js'
import {CrdtLoader} from './crdt-loader.js'
import {limitClients} from './descriptor-limit.js'
import {type Dial, dialOf, primaryDialOf, type SystemDial, secureDialOf} from './dial.js'
import {GracefulShutdown} from './graceful-shutdown.js'
import {loadSnapshotFile, snapshotFileBytes} from './load-snapshot.js'
import type {NodeLog} from './log.js'
import {NodeClock} from './node-clock.js'
import {NodeEffects} from './node-effects.js'
import {systemRng} from './system-rng.js'
import {ListenError, TcpServer} from './tcp-server.js'
import {Timers} from './timers.js'

/** A node that could not start; `message` is for the operator, the log has it too. */
export class StartError extends Error {
  override readonly name = 'StartError'
}

/** What a node had saved when it ended. */
interface SavedData {
  readonly bytes: number
  readonly load: () => Promise<void>
}

const DEFAULT_SHUTDOWN: ShutdownOptions = {force: false, noSave: false, now: false, save: false}

/** A running node: its pure server, and the sockets, timers and files around it. */
export class Node {
  readonly config: Config
  readonly log: NodeLog
  readonly server: Server
  private readonly effects: NodeEffects
  private readonly dial: Dial
  private readonly tcp: TcpServer
  private readonly timers: Timers
  private bus: ClusterBus | undefined
  private stopping: Promise<void> | undefined
  private readonly onStopped: (() => void)[] = []
  private hasPidFile = false
  /** It ended because it could not keep what it had promised. */
  hasFailed = false
  private leaving: GracefulShutdown | undefined

  /**
   * @param ownsProcess - whether the process is this node's alone
   * @param clock - the system's unless somebody sets it
   * @throws {FatalConfigError} if the users of the configuration or of the ACL file cannot be made
   */
  constructor(
    config: Config,
    log: NodeLog,
    private readonly ownsProcess = false,
    readonly clock = new NodeClock(),
  ) {
    this.config = config
    this.log = log
    this.dial = this.withFaults(dialOf(config))
    const dialPrimary = this.withFaults(primaryDialOf(config))
    this.effects = new NodeEffects({
      clock,
      clusterConnections: () => countLinks(this.bus),
      config,
      dial: this.dial,
      dialPrimary,
      configChanged: () => this.applySettings(),
      log,
      abortShutdown: () => this.leaving?.abort() ?? false,
      shutdown: (options, onFailed) => void this.shutdown(options).then((error) => error && onFailed(error)),
    })
    const rng = systemRng()
    seedStringHash(rng.uint32())
    try {
      this.server = new Server({config, effects: this.effects, nowMs: clock.nowMs(), processId: process.pid, rng})
    } catch (error) {
      log.write('warning', messageOf(error))
      throw error
    }
    this.tcp = new TcpServer(this.server, clock)
    this.effects.tcp = this.tcp
    this.effects.appendOnly = new AppendOnlyShell(this.server, this.tcp.gate, (reason) => this.fail(reason))
    this.effects.crdt = new CrdtLoader(this.server, {
      dial: dialPrimary,
      dialSecurely: this.withFaults(secureDialOf(config)),
    })
    this.timers = new Timers(this.server, this.tcp, clock)
  }

  private get mayHaveFaults(): boolean {
    return this.config.values.enableFaultCommand !== 'no'
  }

  private withFaults(dial: SystemDial): Dial {
    return this.mayHaveFaults ? (options) => this.effects.faults?.open(dial, options) ?? dial(options) : dial
  }

  private async prepareFaults(): Promise<void> {
    const {FaultNetwork} = await import('./faults/fault-network.js')
    const faults = new FaultNetwork(this.server.rng.fork(), primaryDialOf(this.config))
    const {faultFile} = this.config.values
    if (faultFile !== '') {
      const {readFaultFile} = await import('./faults/fault-file.js')
      const {madeMs, rules} = readFaultFile(pathInDir(this.config, faultFile))
      faults.replace(rules, madeMs)
    }
    this.effects.faults = faults
  }

  /** @throws {StartError} and has undone what it began */
  async start(): Promise<void> {
    const {clusterEnabled, port, tlsCluster, tlsPort, unixsocket} = this.config.values
    const isOpen = port !== 0 || tlsPort !== 0 || unixsocket !== ''
    try {
      limitClients(this.config, this.log)
      if (this.mayHaveFaults) await this.prepareFaults()
      if (!isOpen) throw new Error('Configured to not listen anywhere, exiting.')
      // It would have to tell each client the port that suits it.
      if (clusterEnabled && tlsCluster && (port !== 0 || tlsPort === 0)) {
        throw new Error('With tls-cluster this node serves clients by TLS alone: port must be 0, and tls-port set')
      }
      await this.effects.crdt.open()
      const data = await this.findData()
      // Whoever comes while data are being loaded is told so.
      if (data !== undefined) {
        this.server.beginLoading(data.bytes)
        await this.listen()
        await this.load(data)
      }
      if (this.config.values.appendonly) await (await this.effects.appendOnly.load()).open()
      const {replicaof} = this.config.values
      if (replicaof !== undefined) this.server.replication.follow(replicaof)
      // Clients last: who gets an answer may rely on the whole node, and on nodes.conf being its own.
      if (this.server.isCluster) await this.startBus()
      this.effects.crdt.start()
      if (data === undefined) await this.listen()
      else this.server.endLoading()
    } catch (error) {
      await this.close()
      const what =
        error instanceof ListenError ? `Failed listening on port ${error.port} (TCP), aborting.` : 'aborting.'
      this.log.write('warning', `Warning: ${messageOf(error)}`)
      this.log.write('warning', what)
      throw new StartError(messageOf(error))
    }
    if (this.stopping !== undefined) return await this.closeWhatCameLate()
    this.writePidFile()
    this.timers.start()
    this.log.write('warning', 'Server initialized')
    if (port !== 0 || tlsPort !== 0) this.log.write('notice', 'Ready to accept connections')
    if (unixsocket !== '') this.log.write('notice', `The server is now ready to accept connections at ${unixsocket}`)
  }

  private async listen(): Promise<void> {
    const {port, tlsPort, unixsocket, unixsocketperm} = this.config.values
    if (port !== 0) await this.tcp.listen(port)
    if (tlsPort !== 0) await this.tcp.listenTls(tlsPort)
    if (unixsocket !== '') await this.tcp.listenUnix(pathInDir(this.config, unixsocket), unixsocketperm)
  }

  /** What was saved; undefined if nothing was. @throws if it cannot be told */
  private async findData(): Promise<SavedData | undefined> {
    const {appendonly, dbfilename} = this.config.values
    if (!appendonly) {
      const path = pathInDir(this.config, dbfilename)
      const bytes = await explained(async () => snapshotFileBytes(path))
      return bytes === undefined ? undefined : {bytes, load: () => loadSnapshotFile(this.server, path)}
    }
    const file = await this.effects.appendOnly.load()
    const bytes = await explained(() => file.find())
    return bytes === 0 ? undefined : {bytes, load: () => file.load()}
  }

  private async load({load}: SavedData): Promise<void> {
    await explained(load)
    this.server.crdt?.durability.settle()
  }

  /** Stopped before it had started. */
  private async closeWhatCameLate(): Promise<void> {
    await this.stopping
    await this.close()
  }

  private async startBus(): Promise<void> {
    const {ClusterBus} = await import('./cluster-bus.js')
    this.bus = await ClusterBus.start({
      dial: this.dial,
      directory: pathInDir(this.config, '.'),
      onFatal: (reason) => {
        this.log.write('warning', reason)
        void this.stop()
      },
      ownsProcess: this.ownsProcess,
      server: this.server,
    })
  }

  private applySettings(): void {
    const {logfile, loglevel} = this.config.values
    this.log.level = loglevel
    this.log.file = logfile === '' ? '' : pathInDir(this.config, logfile)
    this.bus?.configChanged()
  }

  private writePidFile(): void {
    const {daemonize, pidfile} = this.config.values
    const path = pidfile === '' && daemonize ? '/var/run/redis.pid' : pidfile
    if (path === '') return
    try {
      writeFileSync(pathInDir(this.config, path), `${process.pid}\n`)
      this.hasPidFile = true
    } catch (error) {
      this.log.write('warning', `Failed to write PID file: ${(error as Error).message}`)
    }
  }

  /** Resolves when the node has stopped, for whatever reason. */
  get stopped(): Promise<void> {
    return new Promise((resolve) => {
      this.onStopped.push(resolve)
    })
  }

  /**
   * Ends the node as SHUTDOWN and signals do: replicas are waited for, data saved.
   *
   * @returns why it goes on running instead; undefined: it has stopped
   */
  async shutdown(options: ShutdownOptions = DEFAULT_SHUTDOWN): Promise<string | undefined> {
    if (this.leaving !== undefined || this.stopping !== undefined) return undefined
    this.leaving = new GracefulShutdown(this.server, this.effects.appendOnly, options)
    const reason = await this.leaving.prepare()
    this.leaving = undefined
    if (reason === undefined) await this.stop()
    return reason
  }

  /** Closes everything, at once. Safe to call again: all calls resolve when the node has stopped and its files are left alone. */
  stop(): Promise<void> {
    this.stopping ??= this.close().then(() => {
      this.log.write('warning', 'Redis is now ready to exit, bye bye...')
      for (const resolve of this.onStopped) resolve()
    })
    return this.stopping
  }

  /** What was promised cannot be kept: nobody is answered any more. */
  private fail(reason: string): void {
    if (this.hasFailed) return
    this.hasFailed = true
    this.log.write('warning', reason)
    void this.stop()
  }

  private async close(): Promise<void> {
    this.timers.stop()
    this.server.replication.close()
    const appended = this.effects.appendOnly.close()
    this.tcp.close()
    this.effects.crdt.close()
    // Whoever starts a node in this folder next has it alone.
    await Promise.all([appended, this.bus?.close(), this.effects.close()])
    if (this.hasPidFile) {
      this.log.write('notice', 'Removing the pid file.')
      removeQuietly(pathInDir(this.config, this.config.values.pidfile))
    }
  }
}

async function explained<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    throw new Error(`Fatal error loading the DB, check server logs. ${messageOf(error)}`)
  }
}

function countLinks(bus: ClusterBus | undefined): number {
  let count = 0
  for (const {inboundLink, link} of bus?.core.nodes.values() ?? []) {
    if (link?.open) count++
    if (inboundLink !== undefined) count++
  }
  return count
}

function removeQuietly(path: string): void {
  try {
    unlinkSync(path)
  } catch {
    // Somebody was faster.
  }
}
