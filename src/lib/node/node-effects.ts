import {type as osType, release, totalmem} from 'node:os'
import {messageOf} from '../kernel/errors.js'
import type {Client} from '../server/client.js'
import type {Config} from '../server/config/config.js'
import type {CrdtShell, HasCrdt, LeftDatabase} from '../server/crdt/peers/effects.js'
import type {LogLevel, PeerExchange, ServerEffects, ShutdownOptions} from '../server/effects.js'
import type {HasFaults} from '../server/faults/effects.js'
import type {HostEffects, HostFacts} from '../server/info/facts.js'
import type {HasAppendOnly} from '../server/persistence/append-only-effects.js'
import type {DiskEffects} from '../server/persistence/disk-effects.js'
import type {Snapshot} from '../server/persistence/snapshot.js'
import type {LinkEvents, PrimaryConnection, ReplicationEffects} from '../server/replication/link-effects.js'
import type {ScriptEffects} from '../server/scripting/script-effects.js'
import type {MigrationConnection, MigrationEffects, MigrationLinkEvents} from '../server/slot-migration/link.js'
import type {AppendOnlyShell} from './append-only-shell.js'
import {pathInDir, readConfigFile, readText, replaceFile} from './config-file.js'
import type {CrdtLoader} from './crdt-loader.js'
import type {Dial} from './dial.js'
import type {FaultNetwork} from './faults/fault-network.js'
import type {NodeLog} from './log.js'
import {readLuaModule} from './lua-file.js'
import {MigrateClient} from './migrate-client.js'
import type {NodeClock} from './node-clock.js'
import {PrimarySocket} from './primary-socket.js'
import {writeSnapshotFile} from './snapshot-file.js'
import type {TcpServer} from './tcp-server.js'

/** What libuv waits on. */
const POLLING: Readonly<Record<string, string>> = {darwin: 'kqueue', linux: 'epoll', win32: 'iocp'}

/** What the effects need of the node around them. */
export interface NodeHooks {
  readonly config: Config
  readonly log: NodeLog
  readonly clock: NodeClock
  readonly dial: Dial
  readonly dialPrimary: Dial
  shutdown(options: ShutdownOptions, onFailed: (error: string) => void): void
  abortShutdown(): boolean
  configChanged(names: readonly string[]): void
  clusterConnections(): number
}

/** Carries out what the pure server asks of sockets, disk, clock and process. */
export class NodeEffects
  implements
    ServerEffects,
    DiskEffects,
    HasAppendOnly,
    HasCrdt,
    HasFaults,
    HostEffects,
    MigrationEffects,
    ReplicationEffects,
    ScriptEffects
{
  /** Set once the server exists. */
  tcp: TcpServer | undefined
  appendOnly!: AppendOnlyShell
  crdt!: CrdtLoader
  /** Set at the start, if there may be any. */
  faults: FaultNetwork | undefined
  private readonly hooks: NodeHooks
  private readonly migrateClient: MigrateClient
  private peakRss = 0
  private saving: Promise<void> | undefined
  private isClosed = false

  constructor(hooks: NodeHooks) {
    this.hooks = hooks
    this.migrateClient = new MigrateClient(hooks.dial)
  }

  log(level: LogLevel, text: string): void {
    this.hooks.log.write(level, text)
  }

  nowMs(): number {
    return this.hooks.clock.nowMs()
  }

  unixUs(): number {
    return this.hooks.clock.nowUs()
  }

  monotonicUs(): number {
    return performance.now() * 1000
  }

  shutdown(options: ShutdownOptions, onFailed: (error: string) => void): void {
    this.hooks.shutdown(options, onFailed)
  }

  abortShutdown(): boolean {
    return this.hooks.abortShutdown()
  }

  saveSnapshot(name: string, snapshot: Snapshot, done: (error?: string) => void): void {
    this.saving = this.writeSnapshot(name, snapshot).then(
      () => done(),
      (error: unknown) => done(messageOf(error)),
    )
  }

  private async writeSnapshot(name: string, snapshot: Snapshot): Promise<void> {
    this.requireOpen()
    const next = () => {
      this.requireOpen()
      return snapshot.next()
    }
    await writeSnapshotFile(pathInDir(this.hooks.config, name), {next})
  }

  private requireOpen(): void {
    if (this.isClosed) throw new Error('the node is being stopped')
  }

  flush(client: Client): void {
    this.tcp?.socketOf(client.id)?.flushSoon()
  }

  closeClient(client: Client, afterReply: boolean): void {
    if (afterReply) {
      client.closing = true
      this.flush(client)
    } else {
      this.tcp?.socketOf(client.id)?.close(false)
    }
  }

  resume(client: Client): void {
    setImmediate(() => this.tcp?.socketOf(client.id)?.resume())
  }

  soon(run: () => void): void {
    setImmediate(() => {
      // A script that is paused ends with its node.
      if (this.tcp?.isClosed !== true) run()
    })
  }

  luaModule(): Uint8Array {
    return readLuaModule()
  }

  configChanged(names: readonly string[]): void {
    this.hooks.configChanged(names)
  }

  readConfigFile(): string | undefined {
    const {fileName} = this.hooks.config
    return fileName === undefined ? undefined : readConfigFile(fileName)
  }

  writeConfigFile(text: string): void {
    const {fileName} = this.hooks.config
    if (fileName === undefined) throw new Error('The server is running without a config file')
    replaceFile(fileName, text)
  }

  readAclFile(): string {
    return readText(this.aclFile)
  }

  writeAclFile(text: string): void {
    replaceFile(this.aclFile, text)
  }

  private get aclFile(): string {
    return pathInDir(this.hooks.config, this.hooks.config.values.aclfile)
  }

  openLink(host: string, port: number, events: LinkEvents): PrimaryConnection {
    return new PrimarySocket(this.hooks.dialPrimary, host, port, events)
  }

  openMigrationLink(host: string, port: number, events: MigrationLinkEvents): MigrationConnection {
    return new PrimarySocket(this.hooks.dialPrimary, host, port, events)
  }

  get leftDatabase(): LeftDatabase | undefined {
    return this.crdt.left
  }

  useCrdt(run: (shell: CrdtShell) => void, done: (error?: string) => void): void {
    this.crdt.use(run, done)
  }

  exchange(request: PeerExchange): void {
    this.migrateClient.exchange(request)
  }

  sleep(durationMs: number): void {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, durationMs)
  }

  memory(): ReturnType<ServerEffects['memory']> {
    const {external, heapTotal, heapUsed, rss} = process.memoryUsage()
    this.peakRss = Math.max(this.peakRss, rss)
    // Long strings are outside of the heap.
    return {heapTotal: heapTotal + external, heapUsed: heapUsed + external, peakRss: this.peakRss, rss}
  }

  cpu(): {readonly system: number; readonly user: number} {
    const {system, user} = process.cpuUsage()
    return {system: system / 1e6, user: user / 1e6}
  }

  host(): HostFacts {
    return {
      clusterConnections: this.hooks.clusterConnections(),
      monotonicClock: 'POSIX clock_gettime',
      polling: POLLING[process.platform] ?? 'poll',
      executable: process.argv[1] ?? process.execPath,
      os: `${osType()} ${release()} ${process.arch === 'x64' ? 'x86_64' : process.arch}`,
      totalMemoryBytes: totalmem(),
    }
  }

  /** Resolves when no snapshot is written any more: one that is not whole yet is given up. */
  async close(): Promise<void> {
    this.isClosed = true
    this.migrateClient.close()
    this.faults?.close()
    await this.saving
  }
}
