import {quoted} from '../protocol/resp/quoted.js'
import {type Client, SPECIAL_MONITOR} from './client.js'
import type {Command} from './commands/command.js'
import {redacted} from './redaction.js'

/** Who sees every command (MONITOR). */
export class Monitors {
  private readonly clients = new Set<Client>()

  get count(): number {
    return this.clients.size
  }

  add(client: Client): void {
    client.special |= SPECIAL_MONITOR
    this.clients.add(client)
  }

  remove(client: Client): void {
    client.special &= ~SPECIAL_MONITOR
    this.clients.delete(client)
  }

  /** Shows a command that has run; administration is nobody's business. @param nowUs - unix microseconds */
  feed(client: Client, command: Command, argv: readonly string[], nowUs: number): void {
    const {flags} = command
    if (flags.includes('admin') || flags.includes('skip_monitor')) return
    this.show(client, command, argv, nowUs)
  }

  /** As `feed`, for a command that sees to it itself (`skip_monitor`). */
  show(client: Client, command: Command, argv: readonly string[], nowUs: number): void {
    const seconds = Math.floor(nowUs / 1_000_000)
    const micros = String(nowUs % 1_000_000).padStart(6, '0')
    const words = redacted(command, argv).map(quoted).join(' ')
    const line = `+${seconds}.${micros} [${client.db.index} ${originOf(client)}] ${words}\r\n`
    for (const monitor of this.clients) monitor.pushInline(line)
  }
}

/** The client that runs scripts' commands has no connection; a Unix socket's file has no port. */
function originOf({address, id}: Client): string {
  if (id === 0) return 'lua'
  return address.startsWith('/') ? `unix:${address.slice(0, address.lastIndexOf(':'))}` : address
}
