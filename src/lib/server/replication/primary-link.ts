import {messageOf} from '../../kernel/errors.js'
import {type SnapshotEvent, SnapshotReader} from '../../protocol/replication/snapshot-reader.js'
import {encodeCommand} from '../../protocol/resp/encode-command.js'
import {SnapshotLoader} from '../persistence/snapshot-loader.js'
import type {Server} from '../server.js'
import {CRDT_CAPABILITY} from './attached-replica.js'
import {type PrimaryConnection, replicationEffects} from './link-effects.js'
import type {PrimaryHost, Replication} from './replication.js'
import {StreamApplier} from './stream-applier.js'

/** As ROLE names them. */
export type LinkState = 'connect' | 'connecting' | 'handshake' | 'sync' | 'connected'

const REPLICATION_ID = /^[0-9a-f]{40}$/

/** Behind +CONTINUE comes the stream. */
function newReader(): SnapshotReader {
  return new SnapshotReader((line) => line.startsWith('+CONTINUE'))
}

/**
 * The connection to the primary (wire.md 2.1 to 2.3):
 *
 *     connect -> PING -> AUTH, REPLCONF... -> PSYNC -> +CONTINUE ----------------------> the stream
 *                                                   -> +FULLRESYNC -> snapshot, loaded -> the stream
 *
 * Whatever goes wrong, it is begun anew a second later. In a cluster it is asked before who is there: addresses are given to
 * other nodes when machines start again, and the data of another shard must not take the place of ours. (redis-server takes
 * whatever it gets, and may then win the election with it.)
 */
export class PrimaryLink {
  state: LinkState = 'connect'
  /** When something came last; unix milliseconds. */
  heardMs: number
  /** Since when there is no stream; unix milliseconds. */
  downSinceMs: number
  /** When the last of the stream came before the link broke; unix milliseconds. */
  private streamEndedMs = Number.NEGATIVE_INFINITY
  /** Bytes of the snapshot so far. */
  loadedBytes = 0

  private readonly server: Server
  private readonly replication: Replication
  private connection: PrimaryConnection | undefined = undefined
  private reader = newReader()
  private loader: SnapshotLoader | undefined = undefined
  private applier: StreamApplier | undefined = undefined
  /** What the primary has of the stream is of no use. */
  private mustStartOver = false
  /** What each answer to come is to; the first is next. */
  private awaited: ('ping' | 'auth' | 'id' | 'option' | 'psync')[] = []
  /** What CLUSTER MYID has answered so far; and all of it, until it is compared. */
  private idSoFar = ''
  private saidId: string | undefined = undefined
  private resync: {readonly id: string; readonly offset: number} | undefined = undefined

  constructor(
    server: Server,
    replication: Replication,
    readonly primary: PrimaryHost,
    /** That the stream is in where this node is to go on. */
    private readonly firstDatabase: number,
  ) {
    this.server = server
    this.replication = replication
    this.heardMs = server.state.nowMs
    this.downSinceMs = server.state.nowMs
  }

  get isUp(): boolean {
    return this.state === 'connected'
  }

  /** Database that the primary's stream is in. */
  get selected(): number {
    return this.applier?.selected ?? this.firstDatabase
  }

  /** How old the data are: since when nothing has come of the stream. Infinity: it never came. */
  dataAgeMs(nowMs: number): number {
    return this.isUp ? nowMs - this.heardMs : nowMs - this.streamEndedMs
  }

  get isSyncing(): boolean {
    return this.state === 'sync'
  }

  connect(): void {
    const {host, port} = this.primary
    this.state = 'connecting'
    this.heardMs = this.server.effects.nowMs()
    this.reader = newReader()
    this.log('notice', `Connecting to MASTER ${host}:${port}`)
    try {
      this.connection = replicationEffects(this.server).openLink(host, port, {
        onClose: (reason) => this.onClose(reason),
        onData: (bytes) => this.onData(bytes),
        onOpen: () => this.onOpen(),
      })
    } catch (error) {
      // Settings for TLS that make none.
      this.onClose(messageOf(error))
    }
  }

  /** Lets go of the primary; the link is of no use any more. */
  close(): void {
    this.drop()
    this.applier?.close()
    this.applier = undefined
    this.state = 'connect'
  }

  private drop(): void {
    this.connection?.close()
    this.connection = undefined
    this.loader?.abandon()
    this.loader = undefined
    this.awaited = []
    this.idSoFar = ''
    this.saidId = undefined
  }

  private onClose(reason?: string): void {
    this.log(
      'notice',
      reason === undefined ? 'Connection with master lost.' : `Error condition on socket for SYNC: ${reason}`,
    )
    this.again()
  }

  /** Begins anew with the next second. */
  private again(): void {
    if (this.isUp) {
      this.downSinceMs = this.server.effects.nowMs()
      this.streamEndedMs = this.heardMs
    }
    this.drop()
    this.state = 'connect'
    // What came of a command that is not whole comes again.
    this.applier?.restart()
    this.server.refreshRole()
  }

  private log(level: 'notice' | 'warning', text: string): void {
    this.server.effects.log(level, text)
  }

  private send(...argv: readonly string[]): void {
    this.connection?.send(encodeCommand(argv))
  }

  private onOpen(): void {
    this.state = 'handshake'
    this.awaited = ['ping']
    this.send('PING')
  }

  private onData(bytes: Uint8Array): void {
    const nowMs = this.server.effects.nowMs()
    this.heardMs = nowMs
    this.server.state.setTime(nowMs)
    if (this.isUp) {
      this.applier!.feed(bytes)
      return
    }
    try {
      this.read(bytes)
    } catch (error) {
      this.log('warning', `Failed trying to load the MASTER synchronization DB: ${messageOf(error)}`)
      this.again()
    }
  }

  /** @throws SnapshotError, RdbError */
  private read(bytes: Uint8Array): void {
    for (const event of this.reader.push(bytes)) {
      if (event.kind === 'line') this.onLine(event.text)
      else if (this.awaited[0] === 'id') this.onId(event)
      else if (event.kind === 'begin') this.onSnapshot(event.bytes)
      else if (event.kind === 'data') {
        this.loadedBytes += event.bytes.length
        this.loader?.push(event.bytes)
      } else if (event.kind === 'end') this.onLoaded()
      if (this.connection === undefined) return
    }
    if (this.saidId !== undefined) this.readAfterId()
    else if (this.isUp && this.reader.rest.length > 0) this.applier!.feed(this.reader.rest)
  }

  private onLine(text: string): void {
    const awaited = this.awaited.shift()
    if (awaited === undefined) throw new Error(`unexpected ${JSON.stringify(text.slice(0, 80))}`)
    if (awaited === 'psync') this.onPsync(text)
    else if (awaited === 'ping') this.onPong(text)
    else if (awaited === 'auth' && text.startsWith('-')) {
      this.log('warning', `Unable to AUTH to MASTER: ${text}`)
      this.again()
    } else if (this.awaited.length === 0) this.askForStream()
  }

  private onPong(text: string): void {
    const mayGoOn = text.startsWith('+') || text.startsWith('-NOAUTH') || text.startsWith('-NOPERM')
    // A server of before 2.8 has no code of its own for it.
    if (!mayGoOn && !text.startsWith('-ERR operation not permitted')) {
      this.log('warning', `Error reply to PING from master: '${text}'`)
      this.again()
      return
    }
    const {masterauth, masteruser, replicaAnnounceIp, replicaAnnouncePort} = this.server.config.values
    if (masterauth !== '') {
      this.awaited.push('auth')
      this.send('AUTH', ...(masteruser === '' ? [] : [masteruser]), masterauth)
    }
    const {id} = this.primary
    if (id !== undefined) {
      this.awaited.push('id')
      this.send('CLUSTER', 'MYID')
    }
    this.option('listening-port', String(replicaAnnouncePort || this.server.announcedPort))
    if (replicaAnnounceIp !== '') this.option('ip-address', replicaAnnounceIp)
    this.option('capa', 'eof', 'capa', 'psync2', 'capa', CRDT_CAPABILITY)
  }

  /** A string in answer comes in the form of a snapshot. */
  private onId(event: SnapshotEvent): void {
    if (event.kind === 'data') this.idSoFar += Buffer.from(event.bytes).toString('latin1')
    if (event.kind !== 'end') return
    this.awaited.shift()
    this.saidId = this.idSoFar
    this.idSoFar = ''
  }

  private readAfterId(): void {
    const {id} = this.primary
    const {saidId} = this
    const rest = Buffer.from(this.reader.rest)
    this.saidId = undefined
    this.reader = newReader()
    if (saidId === id) {
      this.read(rest)
      return
    }
    this.log('warning', `MASTER ${id} is expected at its address, but ${saidId} answers: nothing is copied from there`)
    this.again()
  }

  private option(...words: readonly string[]): void {
    this.awaited.push('option')
    this.send('REPLCONF', ...words)
  }

  private askForStream(): void {
    this.awaited.push('psync')
    if (this.mustStartOver) {
      this.send('PSYNC', '?', '-1')
      return
    }
    const {failover, id, offset} = this.replication
    this.log('notice', `Trying a partial resynchronization (request ${id}:${offset + 1}).`)
    // A replica that we hand over to becomes a primary by it.
    const mode = failover.state === 'failover-in-progress' ? ['FAILOVER'] : []
    this.send('PSYNC', id, String(offset + 1), ...mode)
  }

  private onPsync(text: string): void {
    const [word = '', id = '', offset = ''] = text.split(' ')
    if (word === '+FULLRESYNC' && REPLICATION_ID.test(id) && /^\d+$/.test(offset)) {
      this.log('notice', `Full resync from master: ${id}:${offset}`)
      this.resync = {id, offset: Number(offset)}
      this.mustStartOver = false
      this.state = 'sync'
      this.replication.failover.onAnswer(true)
    } else if (word === '+CONTINUE') {
      this.log('notice', 'Successful partial resynchronization with master.')
      if (REPLICATION_ID.test(id)) this.replication.rename(id)
      this.begin()
      this.replication.failover.onAnswer(true)
    } else {
      // -NOMASTERLINK, -LOADING: not now. Anything else is no more than that: older protocols are not spoken.
      this.log('notice', `MASTER is currently unable to PSYNC: ${text}`)
      this.replication.failover.onAnswer(false)
      // If that ended a failover, this node is a primary again, and the link is closed.
      if (this.connection !== undefined) this.again()
    }
  }

  private onSnapshot(bytes: number | undefined): void {
    if (this.resync === undefined) throw new Error('a snapshot that was not announced')
    const size = bytes === undefined ? 'streamed from master' : `receiving ${bytes} bytes from master`
    this.log('notice', `MASTER <-> REPLICA sync: ${size}`)
    this.loadedBytes = 0
    this.loader = new SnapshotLoader(this.server)
  }

  /** The snapshot is whole: its data take the place of ours at once. */
  private onLoaded(): void {
    const {id, offset} = this.resync!
    const loader = this.loader!
    loader.finish()
    this.loader = undefined
    this.replication.adopt(id, offset)
    this.server.appendOnly.restart()
    this.log('notice', 'MASTER <-> REPLICA sync: Finished with success')
    this.applier?.close()
    this.applier = undefined
    this.begin(Number(loader.auxOf('repl-stream-db') ?? 0))
    // A primary that ends its snapshot with a mark waits for this.
    this.acknowledge()
  }

  /** The stream follows. */
  private begin(selected = this.firstDatabase): void {
    this.applier ??= new StreamApplier(
      this.server,
      this.replication,
      () => this.acknowledge(),
      (reason) => this.onBroken(reason),
      selected,
    )
    this.state = 'connected'
    this.server.refreshRole()
  }

  private onBroken(reason: string): void {
    this.startOver(`Protocol error (${reason}) from the master`)
  }

  /** The stream makes no sense: going on where it is would only meet the same bytes again. */
  startOver(reason: string): void {
    this.log('warning', `${reason}. Everything is asked for anew.`)
    this.mustStartOver = true
    this.again()
  }

  private acknowledge(): void {
    this.send('REPLCONF', 'ACK', String(this.replication.offset))
  }

  /** Every second. */
  cron(nowMs: number): void {
    if (this.state === 'connect') {
      this.connect()
      return
    }
    if (nowMs - this.heardMs > this.server.config.values.replTimeout * 1000) {
      this.log(
        'warning',
        this.isUp ? 'MASTER timeout: no data nor PING received...' : 'Timeout connecting to the MASTER...',
      )
      this.again()
      return
    }
    if (this.isUp) this.acknowledge()
    else if (this.isSyncing) this.connection?.send('\n')
  }
}
