import {connect} from 'node:net'
import type {Address} from '../model/address.js'

/**
 * Whether a TCP port can be reached from here. Nothing is sent.
 *
 * @returns undefined if it can, else why not
 */
export function probePort({host, port}: Address, timeoutMs: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({host, port})
    const finish = (reason: string | undefined) => {
      socket.destroy()
      resolve(reason)
    }
    socket.setTimeout(timeoutMs, () => finish(`no answer within ${timeoutMs} ms`))
    socket.once('connect', () => finish(undefined))
    socket.once('error', (error: NodeJS.ErrnoException) =>
      finish(error.code === 'ECONNREFUSED' ? 'connection refused' : error.message),
    )
  })
}
