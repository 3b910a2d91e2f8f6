import {Client, SPECIAL_PRIMARY} from '../client.js'
import type {Command} from '../commands/command.js'
import {ReplyError} from '../reply-error.js'
import type {Server} from '../server.js'

export class UnknownCommandError extends Error {
  override readonly name = 'UnknownCommandError'

  constructor(readonly command: string) {
    super(`unknown command '${command}'`)
  }
}

/** Requests of a file may be as large as they come. */
const LIMITS = {bulkBytesMax: Number.MAX_SAFE_INTEGER, requestBytesMax: Number.MAX_SAFE_INTEGER}

/**
 * Carries out the commands of an append-only file: without the checks and the counting that clients are subject to, and
 * without passing anything on. Keys stay where they are although their time may be over.
 */
export class CommandPlayer {
  private readonly client: Client

  constructor(private readonly server: Server) {
    const options = {address: '', localAddress: '', nowMs: server.state.nowMs}
    this.client = new Client(server, 0, options, LIMITS)
    this.client.special = SPECIAL_PRIMARY
    this.client.mustNotBlock = true
  }

  /** A script takes so long that it was interrupted: nothing else may be played until it has ended. */
  get isBusy(): boolean {
    return this.client.parked
  }

  /** Commands follow at once, with nothing between them. */
  begin(): void {
    const {client, server} = this
    const {state} = server
    state.setTime(server.effects.nowMs())
    client.context.nowMs = state.nowMs
    state.isApplying = true
    state.propagation.suspend()
  }

  end(): void {
    const {state} = this.server
    state.isApplying = false
    state.propagation.goOn()
  }

  /** @throws {@link UnknownCommandError} */
  play(argv: string[]): void {
    const {client} = this
    if (this.server.former?.leavesOut(argv) === true) return
    const command = this.server.findCommand(argv)
    if (command?.run === undefined || !fits(command, argv)) throw new UnknownCommandError(argv[0]!)
    try {
      command.run(client.context, argv)
    } catch (error) {
      // What failed when it was written fails again, and changes as little.
      if (!(error instanceof ReplyError)) throw error
    }
    client.reply.out = ''
  }
}

function fits({arity}: Command, {length}: readonly string[]): boolean {
  return arity > 0 ? length === arity : length >= -arity
}
