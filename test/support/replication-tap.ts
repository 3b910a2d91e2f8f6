import {connect, type Socket} from 'node:net'
import {SnapshotReader} from '../../src/lib/protocol/replication/snapshot-reader.js'
import {RequestParser} from '../../src/lib/protocol/resp/request-parser.js'

const LIMITS = {bulkBytesMax: 1 << 29, requestBytesMax: 1 << 30}

/** What a primary sends to its replicas, read as the commands it consists of. */
export class ReplicationTap {
  private readonly reader = new SnapshotReader()
  private readonly parser = new RequestParser(LIMITS)
  private isStreaming = false
  private commands: string[][] = []
  private waiting: (() => void)[] = []

  private constructor(private readonly socket: Socket) {
    this.parser.trusted = true
    socket.on('data', (chunk) => this.take(chunk))
  }

  /** Becomes a replica, and reads past the snapshot. */
  static async open(port: number): Promise<ReplicationTap> {
    const socket = connect(port, '127.0.0.1')
    const tap = new ReplicationTap(socket)
    socket.write('REPLCONF capa psync2\r\n')
    await tap.until(() => tap.isStreaming)
    return tap
  }

  /** Commands since the last call, up to the one that `isLast`; that one is left out, and PINGs. */
  async takeUpTo(isLast: (argv: readonly string[]) => boolean): Promise<string[][]> {
    await this.until(() => this.commands.some(isLast))
    const at = this.commands.findIndex(isLast)
    return this.commands
      .splice(0, at + 1)
      .slice(0, -1)
      .filter(([name]) => name?.toLowerCase() !== 'ping')
  }

  close(): void {
    this.socket.destroy()
  }

  private async until(isTrue: () => boolean): Promise<void> {
    while (!isTrue()) await new Promise<void>((resolve) => this.waiting.push(resolve))
  }

  private take(chunk: Buffer): void {
    let bytes = chunk
    if (!this.isStreaming) {
      const events = this.reader.push(bytes)
      // Redis refuses PSYNC while it owes the answer to a command before.
      if (events.some((event) => event.kind === 'line' && event.text === '+OK')) this.socket.write('PSYNC ? -1\r\n')
      this.isStreaming = events.some(({kind}) => kind === 'end')
      bytes = bytes.subarray(bytes.length)
    }
    if (bytes.length > 0) {
      this.parser.feed(bytes, bytes.length)
      for (let argv = this.parser.next(); argv !== undefined; argv = this.parser.next()) this.commands.push(argv)
      this.parser.keep()
    }
    for (const resolve of this.waiting.splice(0)) resolve()
  }
}
