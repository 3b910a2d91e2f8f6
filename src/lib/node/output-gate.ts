import type {ClientSocket} from './client-socket.js'

/**
 * Keeps all output of a node while it may tell of changes that are not durable yet (`appendfsync always`).
 *
 *     shut     output waits
 *     seal     what waits now leaves with the next `letOut`: the disk was asked for all that it tells of
 *     letOut   it leaves; what came since the seal goes on waiting
 *     open     everything leaves
 */
export class OutputGate {
  isShut = false
  private waiting: ClientSocket[] = []
  private sealed: ClientSocket[] = []

  shut(): void {
    this.isShut = true
  }

  /** By a socket that has output while the gate is shut; once until it is sealed. */
  hold(socket: ClientSocket): void {
    this.waiting.push(socket)
  }

  seal(): void {
    this.sealed = this.waiting
    this.waiting = []
    for (const socket of this.sealed) socket.seal()
  }

  letOut(): void {
    const {sealed} = this
    this.sealed = []
    for (const socket of sealed) socket.letOut()
  }

  open(): void {
    if (!this.isShut) return
    this.isShut = false
    const {waiting} = this
    this.waiting = []
    for (const socket of waiting) socket.goOn()
  }
}
