import {ConnectionClosed, RawConnection} from '../../client/raw-connection.js'
import {CliError} from '../../kernel/errors.js'
import {type Address, renderAddress} from '../../model/address.js'
import {toWireText} from '../../protocol/resp/encode-command.js'
import type {Reply} from '../../protocol/resp/reply-parser.js'
import {renderCommandDocs} from '../render/command-docs.js'
import {renderPush, renderRawReply, renderReply} from '../render/reply.js'
import {answersText, isStream, messageCount} from './command-kinds.js'
import {afterReply, promptText, reconnected, redirectionOf, type Talk} from './talk.js'

export interface SessionSettings {
  readonly address: Address
  /** Follow redirects of a cluster. */
  readonly isCluster: boolean
  readonly db: number
  readonly isResp3: boolean
  readonly isRaw: boolean
  /** Lines one after the other, not one command alone: where they lead and how long they took is said, unless raw. */
  readonly isTalkative: boolean
  readonly password?: string
  readonly timeoutMs: number
  /** Takes binary strings, whole lines. */
  readonly write: (text: string) => void
}

const REDIRECTS_MAX = 16
/** From there on it is said how long a command took. */
const SLOW_MS = 500

const HELP = `
  A prompt of Shoal's own, with the commands of the node and the manners of redis-cli.
  help COMMAND   what the node says of a command: its COMMAND DOCS
  5 INCR x       the same command five times
  clear          clears the screen
  exit, quit     or Ctrl-D; Ctrl-C leaves a subscription or a command that waits, and ends otherwise
`

/**
 * Commands to a node one after the other, their replies written as redis-cli writes them. A connection that is gone is made anew by
 * the next command; no command is repeated but where a node redirects it, which in a transaction is left to the person: the
 * transaction would be gone.
 */
export class Session {
  /** Whether any reply was an error. */
  hasFailed = false
  private talk: Talk
  private connection: RawConnection | undefined
  private isLost = false
  private isInterrupted = false

  constructor(private readonly settings: SessionSettings) {
    const {address, db, isResp3} = settings
    this.talk = {address, db, isResp3}
  }

  get prompt(): string {
    return this.isLost ? 'not connected> ' : promptText(this.talk)
  }

  /**
   * Runs a command to the end of its reply; of a stream of messages, until `interrupt`. A connection that ends is said.
   *
   * @param argv - binary strings
   * @param times - how often, as long as the connection holds
   * @throws {CliError} UNREACHABLE, TIMED_OUT if a node cannot be connected to
   */
  async run(argv: readonly string[], times = 1): Promise<void> {
    const {write} = this.settings
    const begun = performance.now()
    this.isInterrupted = false
    try {
      for (let left = times; left > 0; left--) await this.follow(argv)
    } catch (error) {
      if (!(error instanceof ConnectionClosed)) throw error
      this.onClosed(argv, error)
    }
    const tookMs = performance.now() - begun
    if (tookMs >= SLOW_MS && this.saysMore && !this.isInterrupted) write(`(${(tookMs / 1000).toFixed(2)}s)\n`)
  }

  private onClosed(argv: readonly string[], error: ConnectionClosed): void {
    this.talk = reconnected(this.talk)
    if (this.isInterrupted) return
    this.isLost = true
    if (argv[0]?.toLowerCase() === 'shutdown') return
    this.hasFailed = true
    this.settings.write(`Error: ${error.message}\n`)
  }

  /** @throws {CliError} UNREACHABLE, TIMED_OUT */
  async help(topic: readonly string[]): Promise<void> {
    const {write} = this.settings
    const name = topic.join('|')
    if (name === '') return write(HELP)
    this.isInterrupted = false
    const ask = ['COMMAND', 'DOCS', name]
    try {
      const connection = await this.connected()
      connection.send(ask)
      const reply = await connection.reply()
      const unknown = `The node knows no command ${topic.join(' ')}.`
      write(`${reply.kind === 'error' ? renderReply(reply) : (renderCommandDocs(reply) ?? unknown)}\n`)
    } catch (error) {
      if (!(error instanceof ConnectionClosed)) throw error
      this.onClosed(ask, error)
    }
  }

  /** Leaves whatever is waited for, by closing the connection: nothing else ends every command. */
  interrupt(): void {
    this.isInterrupted = true
    this.connection?.close()
  }

  close(): void {
    this.connection?.close()
  }

  private get saysMore(): boolean {
    return this.settings.isTalkative && !this.settings.isRaw
  }

  private async follow(argv: readonly string[]): Promise<void> {
    const {isCluster, write} = this.settings
    let isAsking = false
    for (let hop = 0; ; hop++) {
      const connection = await this.connected()
      const reply = await this.ask(connection, argv, isAsking)
      const to = isCluster && !this.talk.transaction ? redirectionOf(reply, this.talk.address) : undefined
      if (!to || hop === REDIRECTS_MAX) {
        this.talk = afterReply(this.talk, argv, reply)
        this.show(argv, reply)
        if (reply.kind !== 'error') await this.showMessages(connection, argv)
        return
      }
      if (this.saysMore) write(`-> Redirected to slot [${to.slot}] located at ${renderAddress(to.address)}\n`)
      isAsking = to.isAsk
      if (renderAddress(to.address) !== renderAddress(this.talk.address)) {
        connection.close()
        this.talk = reconnected(this.talk, to.address)
      }
    }
  }

  /** @returns the first reply */
  private async ask(connection: RawConnection, argv: readonly string[], isAsking: boolean): Promise<Reply> {
    const isMessages = isStream(argv) || messageCount(argv) !== undefined
    connection.onPush = isMessages ? undefined : this.onPush
    if (isStream(argv) && !this.settings.isRaw) {
      this.settings.write('Reading messages... (press Ctrl-C to leave)\n')
    }
    if (!isAsking) connection.send(argv)
    else {
      connection.send(['ASKING'], argv)
      await connection.reply()
    }
    return connection.reply()
  }

  /** What comes after the first reply, of the commands that have more than one. */
  private async showMessages(connection: RawConnection, argv: readonly string[]): Promise<void> {
    const count = isStream(argv) ? Number.POSITIVE_INFINITY : (messageCount(argv) ?? 1)
    for (let shown = 1; shown < count; shown++) this.show(argv, await connection.reply())
    connection.onPush = this.onPush
  }

  private show(argv: readonly string[], reply: Reply): void {
    const {isRaw, write} = this.settings
    if (reply.kind === 'error') this.hasFailed = true
    // Text for people ends its last line itself, mostly, and may be empty.
    const text = answersText(argv) ? renderRawReply(reply) : `${isRaw ? renderRawReply(reply) : renderReply(reply)}\n`
    write(text === '' || text.endsWith('\n') ? text : `${text}\n`)
  }

  private readonly onPush = (push: Reply): void => {
    if (!this.settings.isRaw) this.settings.write(`${renderPush(push)}\n`)
  }

  private async connected(): Promise<RawConnection> {
    if (this.connection?.isOpen) return this.connection
    const {address: home, timeoutMs} = this.settings
    // What was begun on a connection that ended while nobody looked is gone with it.
    this.talk = reconnected(this.talk)
    this.isLost = true
    const {address} = this.talk
    // A node that cannot be had is no place to stay: the next command goes to the one that was asked for.
    this.talk = reconnected(this.talk, home)
    const connection = await RawConnection.open(address, timeoutMs)
    this.connection = connection
    this.talk = reconnected(this.talk, address)
    this.isLost = false
    await this.introduce(connection)
    if (this.isInterrupted) connection.close()
    return connection
  }

  /** Logs in and brings a new connection to where the one before was. */
  private async introduce(connection: RawConnection): Promise<void> {
    const {password, write} = this.settings
    const {db, isResp3} = this.talk
    connection.onPush = this.onPush
    const commands = [
      ...(password === undefined ? [] : [['AUTH', toWireText(password)]]),
      ...(isResp3 ? [['HELLO', '3']] : []),
      ...(db === 0 ? [] : [['SELECT', String(db)]]),
    ]
    if (commands.length > 0) connection.send(...commands)
    for (const [name] of commands) {
      const reply = await connection.reply()
      if (reply.kind === 'error') write(`${name} failed: ${reply.text}\n`)
    }
  }
}

/** What to say of a command that could not be sent, where a person may try again. @throws whatever else it is */
export function describeFailure(error: unknown): string {
  if (error instanceof CliError) return `Could not connect: ${error.message}`
  throw error
}
