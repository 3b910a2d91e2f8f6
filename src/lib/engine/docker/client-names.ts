import {once} from 'node:events'
import {connect, type Socket} from 'node:net'
import type {Address} from '../../model/address.js'
import {encodeCommand, toWireText} from '../../protocol/resp/encode-command.js'

/** Names of the clients that a node has, asked again and again over one connection of this machine. */
export class ClientNames {
  private constructor(private readonly socket: Socket) {}

  /** @returns undefined if the node does not answer */
  static async of(
    {host, port}: Address,
    password: string | undefined,
    withinMs: number,
  ): Promise<ClientNames | undefined> {
    const socket = connect({host, port})
    try {
      await once(socket, 'connect', {signal: AbortSignal.timeout(withinMs)})
    } catch {
      socket.destroy()
      return undefined
    }
    socket.on('error', () => undefined).setEncoding('latin1')
    const names = new ClientNames(socket)
    if (password !== undefined) await names.ask(['AUTH', toWireText(password)], withinMs)
    return names
  }

  async list(withinMs: number): Promise<Set<string>> {
    const text = await this.ask(['CLIENT', 'LIST'], withinMs)
    return new Set([...text.matchAll(/ name=(\S+)/g)].map(([, name]) => name as string))
  }

  close(): void {
    this.socket.destroy()
  }

  /** One reply, a line or a bulk string, as it came; what there is of it when the time is over. */
  private ask(command: readonly string[], withinMs: number): Promise<string> {
    return new Promise((resolve) => {
      let text = ''
      const finish = () => {
        clearTimeout(timer)
        this.socket.off('data', take).off('close', finish)
        resolve(text)
      }
      const take = (chunk: string) => {
        text += chunk
        const [head, length] = /^\$(\d+)\r\n/.exec(text) ?? []
        const isWhole = head === undefined ? /^[+-].*\r\n/.test(text) : text.length >= head.length + Number(length) + 2
        if (isWhole) finish()
      }
      const timer = setTimeout(finish, withinMs)
      this.socket.on('data', take).once('close', finish)
      this.socket.write(encodeCommand(command), 'latin1')
    })
  }
}
