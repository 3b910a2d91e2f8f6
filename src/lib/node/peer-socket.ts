/**
 * A connection to another node, as far as this node uses one: a `Socket` of node:net or node:tls is one, and so is what
 * makes faults on it.
 */
export interface PeerSocket {
  readonly connecting: boolean
  readonly destroyed: boolean
  /** Written, and not yet handed to the system. */
  readonly writableLength: number
  /** Undefined before it is connected. */
  readonly localAddress?: string | undefined
  readonly remoteAddress?: string | undefined
  /** @returns false: `drain` will say when to go on */
  write(data: string | Uint8Array, encoding?: BufferEncoding): boolean
  /** Nothing more is read until `resume`: the sender has to wait. */
  pause(): this
  resume(): this
  destroy(): unknown
  setNoDelay(isOn?: boolean): this
  setKeepAlive(isOn: boolean, delayMs: number): this
  ref(): this
  unref(): this
  on(event: 'data', listener: (chunk: Buffer) => void): this
  on(event: 'error', listener: (error: Error) => void): this
  on(event: 'close' | 'connect' | 'drain' | 'end', listener: () => void): this
  once(event: 'error', listener: (error: Error) => void): this
  once(event: 'close' | 'connect', listener: () => void): this
  off(event: 'data', listener: (chunk: Buffer) => void): this
  off(event: 'error', listener: (error: Error) => void): this
  off(event: 'close' | 'connect' | 'drain', listener: () => void): this
}

/** Of both ends, as the cluster core wants them. */
export function addressesOf(socket: PeerSocket): {localIp: string; peerIp: string} {
  return {localIp: plainIp(socket.localAddress), peerIp: plainIp(socket.remoteAddress)}
}

/** IPv4 seen through an IPv6 socket is IPv4. */
function plainIp(address = ''): string {
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address
}
