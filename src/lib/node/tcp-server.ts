import {chmodSync, lstatSync, unlinkSync} from 'node:fs'
import {createServer, isIP, type ListenOptions, type Server as NetServer, type Socket} from 'node:net'
import type {Server} from '../server/server.js'
import {ClientSocket} from './client-socket.js'
import type {NodeClock} from './node-clock.js'
import {OutputGate} from './output-gate.js'
import {TlsGate} from './tls-gate.js'

const DENIED =
  "-DENIED Redis is running in protected mode because protected mode is enabled and no password is set for the default user. In this mode connections are only accepted from the loopback interface. If you want to connect from external computers to Redis you may adopt one of the following solutions: 1) Just disable protected mode sending the command 'CONFIG SET protected-mode no' from the loopback interface by connecting to Redis from the same host the server is running, however MAKE SURE Redis is not publicly accessible from internet if you do so. Use CONFIG REWRITE to make this change permanent. 2) Alternatively you can just disable the protected mode by editing the Redis configuration file, and setting the protected mode option to 'no', and then restarting the server. 3) If you started the server manually just for testing, restart it with the '--protected-mode no' option. 4) Setup a an authentication password for the default user. NOTE: You only need to do one of the above things in order for the server to start accepting connections from the outside.\r\n"
const FULL = '-ERR max number of clients reached\r\n'

/** A port that could not be listened on; `message` is the line for the log. */
export class ListenError extends Error {
  override readonly name = 'ListenError'

  constructor(
    message: string,
    readonly port: number,
    readonly code: string | undefined,
  ) {
    super(message)
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'Permission denied',
  EADDRINUSE: 'Address already in use',
  EADDRNOTAVAIL: 'Cannot assign requested address',
}

/** In redis-server's words. */
export function listenError(address: string, port: number, {code, message}: NodeJS.ErrnoException): ListenError {
  const reason = REASONS[code ?? ''] ?? message
  return new ListenError(`Could not create server TCP listening socket ${address}:${port}: bind: ${reason}`, port, code)
}

type Accept = (socket: Socket) => void

/** How the bytes of a connection come and go. */
type Transport = 'tcp' | 'tls' | 'unix'

/** Accepts clients on every address of `bind`, with or without TLS, and on a Unix socket; owns their sockets. */
export class TcpServer {
  isClosed = false
  /** Shut while what clients are to be sent tells of changes that are not durable. */
  readonly gate = new OutputGate()
  private readonly server: Server
  private readonly listeners: NetServer[] = []
  private readonly sockets = new Map<number, ClientSocket>()
  private cronTurn = 0
  /** Path of the Unix socket while it is listened on. */
  private unixPath: string | undefined

  constructor(
    server: Server,
    private readonly clock: NodeClock,
  ) {
    this.server = server
  }

  /**
   * Listens on all addresses of `bind`. An address marked `-` may be missing on this machine.
   *
   * @throws {ListenError} and listens on none
   */
  async listen(port: number): Promise<void> {
    await this.listenOnAll(port, {pauseOnConnect: true}, (socket) => this.onConnection(socket, 'tcp'))
  }

  /**
   * The same with TLS.
   *
   * @throws {ListenError}; {TlsSettingsError} if certificates and the like do not fit
   */
  async listenTls(port: number): Promise<void> {
    const gate = new TlsGate({
      asksAlways: false,
      config: this.server.config,
      onRefused: (reason) => this.server.effects.log('verbose', `Error accepting a client connection: ${reason}`),
      onSecure: (socket) => this.onConnection(socket, 'tls'),
    })
    await this.listenOnAll(port, {pauseOnConnect: false}, (socket) => gate.accept(socket))
  }

  /** @param mode - of the file; 0 = as the process makes files. @throws {ListenError} */
  async listenUnix(path: string, mode: number): Promise<void> {
    removeSocket(path)
    const listener = createServer({pauseOnConnect: true}, (socket) => this.onConnection(socket, 'unix', path))
    try {
      await this.started(listener, {backlog: this.server.config.values.tcpBacklog, path})
      this.unixPath = path
      if (mode !== 0) chmodSync(path, mode)
    } catch (error) {
      this.closeListeners()
      const {code, message} = error as NodeJS.ErrnoException
      throw new ListenError(`Failed opening Unix socket: bind: ${REASONS[code ?? ''] ?? message}`, 0, code)
    }
  }

  private async listenOnAll(port: number, options: {pauseOnConnect: boolean}, accept: Accept): Promise<void> {
    for (const entry of this.server.config.values.bind) {
      const isOptional = entry.startsWith('-')
      const address = isOptional ? entry.slice(1) : entry
      try {
        this.listeners.push(await this.listenOn(address, port, options, accept))
      } catch (error) {
        const {code = ''} = error as NodeJS.ErrnoException
        if (isOptional && (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT')) continue
        this.closeListeners()
        throw listenError(address, port, error as NodeJS.ErrnoException)
      }
    }
  }

  private listenOn(
    address: string,
    port: number,
    options: {pauseOnConnect: boolean},
    accept: Accept,
  ): Promise<NetServer> {
    const host = address === '*' ? '0.0.0.0' : address === '::*' ? '::' : address
    const listener = createServer({...options, noDelay: true}, accept)
    const {tcpBacklog} = this.server.config.values
    return this.started(listener, {backlog: tcpBacklog, host, ipv6Only: isIP(host) === 6, port})
  }

  private started(listener: NetServer, options: ListenOptions): Promise<NetServer> {
    return new Promise((resolve, reject) => {
      listener.once('error', reject)
      listener.listen(options, () => {
        listener.removeListener('error', reject)
        // Running out of descriptors must not end the node.
        listener.on('error', (error) =>
          this.server.effects.log('warning', `Accepting client connection: ${error.message}`),
        )
        resolve(listener)
      })
    })
  }

  private onConnection(socket: Socket, transport: Transport, path = ''): void {
    const {acl, config, effects, stats} = this.server
    const isUnix = transport === 'unix'
    const remote = isUnix ? path : socket.remoteAddress
    if (remote === undefined) {
      socket.destroy()
      return
    }
    if (this.sockets.size >= config.values.maxclients) {
      stats.rejectedConnections++
      turnAway(socket, FULL)
      return
    }
    if (config.values.protectedMode && acl.defaultUser.noPassword && !isUnix && !isLoopback(remote)) {
      stats.rejectedConnections++
      turnAway(socket, DENIED)
      return
    }
    const {tcpKeepalive} = config.values
    if (tcpKeepalive > 0 && !isUnix) socket.setKeepAlive(true, tcpKeepalive * 1000)
    const client = this.server.addClient({
      address: hostPort(remote, socket.remotePort ?? 0),
      localAddress: hostPort(isUnix ? path : (socket.localAddress ?? ''), socket.localPort ?? 0),
      nowMs: this.clock.nowMs(),
    })
    effects.log('verbose', `Accepted ${client.address}`)
    const around = {clock: this.clock, gate: this.gate, onGone: (gone: ClientSocket) => this.onGone(gone)}
    this.sockets.set(client.id, new ClientSocket(socket, client, this.server, around, transport !== 'tls'))
  }

  private onGone({client}: ClientSocket): void {
    this.sockets.delete(client.id)
    this.server.removeClient(client)
  }

  socketOf(clientId: number): ClientSocket | undefined {
    return this.sockets.get(clientId)
  }

  /** Every 100 ms; looks at all clients about once a second. */
  cron(nowMs: number): void {
    if (++this.cronTurn % 10 !== 0) return
    for (const socket of this.sockets.values()) socket.cron(nowMs)
  }

  private closeListeners(): void {
    for (const listener of this.listeners) listener.close()
    this.listeners.length = 0
    if (this.unixPath !== undefined) removeSocket(this.unixPath)
    this.unixPath = undefined
  }

  /** Stops listening and drops every client, after what they are to be told. */
  close(): void {
    this.isClosed = true
    this.closeListeners()
    for (const socket of [...this.sockets.values()]) {
      socket.flush()
      socket.close(true)
    }
  }
}

/** A socket that a node left behind would be in the way; anything else at that path is none of ours. */
function removeSocket(path: string): void {
  try {
    if (lstatSync(path).isSocket()) unlinkSync(path)
  } catch {
    // There is none.
  }
}

function turnAway(socket: Socket, text: string): void {
  socket.on('error', () => socket.destroy())
  socket.end(text, 'latin1')
  socket.destroySoon()
}

function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.') || address.startsWith('::ffff:127.')
}

function hostPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
