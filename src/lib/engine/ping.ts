import {connect} from 'node:net'
import type {Address} from '../model/address.js'
import {encodeCommand, toWireText} from '../protocol/resp/encode-command.js'

/**
 * Asks a node once whether it is ready, over RESP. No client library: this runs while the node starts, every few
 * milliseconds, and must add nothing to the time a person waits.
 *
 * @returns the process id of the server that answered PING; undefined if none did within `timeoutMs`
 */
export function pingOnce(
  address: Address,
  password: string | undefined,
  timeoutMs: number,
): Promise<number | undefined> {
  return new Promise((resolve) => {
    const socket = connect({host: address.host, port: address.port})
    let text = ''
    const finish = (pid: number | undefined) => {
      clearTimeout(timer)
      socket.destroy()
      resolve(pid)
    }
    const timer = setTimeout(() => finish(undefined), timeoutMs)
    socket.once('connect', () => {
      if (password !== undefined) socket.write(encodeCommand(['AUTH', toWireText(password)]), 'latin1')
      socket.write(encodeCommand(['PING']) + encodeCommand(['INFO', 'server']))
    })
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk
      const pid = /\+PONG\r\n[\s\S]*process_id:(\d+)\r\n/.exec(text)?.[1]
      if (pid !== undefined) finish(Number(pid))
      else if (text.length > 1 << 16) finish(undefined)
    })
    socket.once('error', () => finish(undefined)).once('close', () => finish(undefined))
  })
}
