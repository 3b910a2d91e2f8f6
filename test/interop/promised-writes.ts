import {setTimeout as delay} from 'node:timers/promises'
import {RawConnection} from '../support/raw-resp.js'

/** What a client was told of one write. */
interface Write {
  readonly key: string
  readonly value: string
  /** When OK came; undefined: it never came, and the write may have been made or not. */
  acknowledgedMs?: number
  /** WAIT 1 said that a replica has it. */
  isCopied?: boolean
}

const WAIT_MS = 300
const PAUSE_MS = 20

/**
 * A client of one shard that writes all the time, each key once, asks with WAIT 1 of every other write whether a replica has
 * it, and remembers what it was told. It turns to another of the shard's nodes when one does not serve it.
 */
export class PromisedWrites {
  private readonly writes: Write[] = []
  private isRunning = true
  private readonly running: Promise<void>

  /** @param ports - of the shard's nodes @param tag - hash tag of one of its slots */
  constructor(
    private readonly ports: () => readonly number[],
    private readonly tag: string,
  ) {
    this.running = this.run()
  }

  private async run(): Promise<void> {
    for (let turn = 0; this.isRunning; turn++) {
      const ports = this.ports()
      const connection = await RawConnection.open(ports[turn % ports.length]!).catch(() => undefined)
      if (connection === undefined) {
        await delay(PAUSE_MS)
        continue
      }
      while (this.isRunning && (await this.writeOne(connection)));
      connection.close()
      await delay(PAUSE_MS)
    }
  }

  /** @returns false if this node does not take it */
  private async writeOne(connection: RawConnection): Promise<boolean> {
    const at = this.writes.length
    const write: Write = {key: `{${this.tag}}${at}`, value: `value ${at}`}
    this.writes.push(write)
    try {
      const reply = await connection.call('SET', write.key, write.value)
      if (reply !== '+OK\r\n') return false
      write.acknowledgedMs = Date.now()
      if (at % 2 === 0) return true
      const copies = await connection.call('WAIT', '1', String(WAIT_MS))
      write.isCopied = copies.startsWith(':') && copies !== ':0\r\n'
      return copies.startsWith(':')
    } catch {
      return false
    }
  }

  get copiedCount(): number {
    return this.writes.filter(({isCopied}) => isCopied === true).length
  }

  get acknowledgedCount(): number {
    return this.writes.filter(({acknowledgedMs}) => acknowledgedMs !== undefined).length
  }

  async stop(): Promise<void> {
    this.isRunning = false
    await this.running
  }

  /** Which acknowledged writes a node of the shard does not have; it must be stopped. */
  async missing(port: number): Promise<{readonly isCopied: boolean; readonly atMs: number}[]> {
    const connection = await RawConnection.open(port)
    const told = this.writes.filter(({acknowledgedMs}) => acknowledgedMs !== undefined)
    const replies = await connection.batch([['READONLY'], ...told.map(({key}) => ['GET', key])])
    connection.close()
    return told.flatMap(({acknowledgedMs, isCopied = false, value}, i) =>
      replies[i + 1] === `$${value.length}\r\n${value}\r\n` ? [] : [{atMs: acknowledgedMs!, isCopied}],
    )
  }
}
