import {RawConnection} from '../client/raw-connection.js'
import {NodeReplyError} from '../client/reply-error.js'
import type {Address} from '../model/address.js'
import {toWireText} from '../protocol/resp/encode-command.js'
import type {Reply} from '../protocol/resp/reply-parser.js'

/** Text is sent as UTF-8. */
export type CallArgument = string | number | bigint | Uint8Array

/**
 * Texts are read as UTF-8; integers that a number cannot hold exactly are bigints. An error is thrown, unless it stands in an
 * array: EXEC has them.
 */
export type PlainReply = string | number | bigint | null | Error | PlainReply[]

const CONNECT_WITHIN_MS = 5000

/** One client of one node: what is called goes out at once and in order. Connects at the first call. */
export class Calls {
  private connection: Promise<RawConnection> | undefined
  /** The reply to what was called last; never rejects. */
  private last: Promise<unknown> = Promise.resolve()

  constructor(
    private readonly address: Address,
    private readonly password: string | undefined,
  ) {}

  /** @param argv - binary strings @throws {ConnectionClosed} */
  async call(argv: readonly string[]): Promise<Reply> {
    this.connection ??= this.open()
    const connection = await this.connection
    if (!connection.isOpen) {
      this.connection = undefined
      return await this.call(argv)
    }
    connection.send(argv)
    const reply = this.last.then(() => connection.reply())
    this.last = reply.catch(() => undefined)
    return await reply
  }

  private async open(): Promise<RawConnection> {
    const connection = await RawConnection.open(this.address, CONNECT_WITHIN_MS)
    if (this.password === undefined) return connection
    connection.send(['AUTH', this.password])
    plainReply(await connection.reply())
    return connection
  }

  async close(): Promise<void> {
    const connection = await this.connection?.catch(() => undefined)
    connection?.close()
  }
}

export function toWire(argument: CallArgument): string {
  if (typeof argument === 'string') return toWireText(argument)
  return typeof argument === 'object' ? Buffer.from(argument).toString('latin1') : String(argument)
}

/** @throws {NodeReplyError} if it is an error */
export function plainReply(reply: Reply): PlainReply {
  if (reply.kind === 'error') throw new NodeReplyError(fromWire(reply.text))
  return plain(reply)
}

function plain(reply: Reply): PlainReply {
  if ('items' in reply) return reply.items.map(plain)
  if (reply.kind === 'nil') return null
  if (reply.kind === 'error') return new NodeReplyError(fromWire(reply.text))
  return reply.kind === 'integer' ? integer(reply.text) : fromWire(reply.text)
}

function integer(text: string): number | bigint {
  const number = Number(text)
  return Number.isSafeInteger(number) ? number : BigInt(text)
}

function fromWire(text: string): string {
  return Buffer.from(text, 'latin1').toString()
}
