import {createServer, type Server, type Socket} from 'node:net'
import {listenError} from './tcp-server.js'

/**
 * Listens on the cluster bus port.
 *
 * @param word - as in `bind`: an address, `*` or `::*`; `-` before it: need not be there
 * @param onError - later, when a connection could not be accepted
 * @returns undefined if the address is not there and need not be
 * @throws {ListenError}
 */
export function listenOnBus(
  word: string,
  port: number,
  accept: (socket: Socket) => void,
  onError: (message: string) => void,
): Promise<Server | undefined> {
  const isOptional = word.startsWith('-')
  const name = isOptional ? word.slice(1) : word
  const host = name === '*' ? '0.0.0.0' : name === '::*' ? '::' : name
  const listener = createServer(accept)
  return new Promise((resolve, reject) => {
    const onFailed = (error: NodeJS.ErrnoException): void => {
      const isMissing = error.code === 'EADDRNOTAVAIL' || error.code === 'EAFNOSUPPORT'
      if (isOptional && isMissing) resolve(undefined)
      else reject(listenError(name, port, error))
    }
    listener.once('error', onFailed)
    listener.listen({host, port, ipv6Only: host.includes(':')}, () => {
      listener.removeListener('error', onFailed)
      listener.on('error', ({message}) => onError(message))
      resolve(listener)
    })
  })
}
