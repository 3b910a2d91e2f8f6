import {constants, deflateRawSync, inflateRawSync, type ZlibOptions} from 'node:zlib'
import type {PeerEffects, PeerLinkSocket} from '../../server/crdt/peers/effects.js'
import type {LinkEvents, PrimaryConnection} from '../../server/replication/link-effects.js'
import type {Dial} from '../dial.js'
import {PrimarySocket} from '../primary-socket.js'

export interface PeerDials {
  /** As links inside the cluster are made. */
  readonly dial: Dial
  readonly dialSecurely: Dial
}

/** Sockets, compression and chance for the links to other regions. */
export class PeerLinkEffects implements PeerEffects {
  private isClosed = false
  private readonly open = new Set<PrimaryConnection>()

  constructor(private readonly dials: PeerDials) {}

  openPeerLink(host: string, port: number, isEncrypted: boolean, events: LinkEvents): PeerLinkSocket {
    if (this.isClosed) throw new Error('the node is being stopped')
    const dial = isEncrypted ? this.dials.dialSecurely : this.dials.dial
    const socket = new PrimarySocket(dial, host, port, {
      ...events,
      onClose: (reason) => {
        this.open.delete(socket)
        events.onClose(reason)
      },
      onData: (bytes) => events.onData(bytes),
      onOpen: () => events.onOpen(),
    })
    this.open.add(socket)
    return {
      close: () => {
        this.open.delete(socket)
        socket.close()
      },
      goOn: () => socket.goOn(),
      hold: () => socket.hold(),
      send: (text) => socket.send(text),
    }
  }

  soon(run: () => void): void {
    setImmediate(() => {
      if (!this.isClosed) run()
    })
  }

  deflate(text: string, level: number): string {
    return deflateRawSync(Buffer.from(text, 'latin1'), tablesFor(text.length, level)).toString('latin1')
  }

  inflate(packed: string, rawLength: number): Buffer {
    // Never more than was announced, whatever the bytes would come to.
    const bytes = inflateRawSync(Buffer.from(packed, 'latin1'), {maxOutputLength: rawLength})
    if (bytes.length !== rawLength) throw new Error('it comes to another length than was announced')
    return bytes
  }

  chance(): number {
    return Math.random()
  }

  close(): void {
    this.isClosed = true
    for (const one of this.open) one.close()
  }
}

/** zlib's smallest and usual window, as powers of 2, and the size of table that goes with the usual one. */
const WINDOW_BITS_MIN = 9
const WINDOW_BITS_MAX = 15
const MEM_LEVEL_MAX = 8

/** Most batches are small: a window and tables that fit them are made in half the time of the usual ones, and find the same. */
function tablesFor(length: number, level: number): ZlibOptions {
  const windowBits = Math.min(Math.max(Math.ceil(Math.log2(length)), WINDOW_BITS_MIN), WINDOW_BITS_MAX)
  const chunkSize = Math.min(Math.max(length, constants.Z_MIN_CHUNK), constants.Z_DEFAULT_CHUNK)
  return {chunkSize, level, memLevel: windowBits - WINDOW_BITS_MAX + MEM_LEVEL_MAX, windowBits}
}
