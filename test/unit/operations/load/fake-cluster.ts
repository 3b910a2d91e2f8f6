import type {WireReply} from '../../../../src/lib/client/migration/reply-reader.js'
import type {Wire, WireCommand} from '../../../../src/lib/client/migration/wire.js'
import {NodeReplyError} from '../../../../src/lib/client/reply-error.js'
import {CliError} from '../../../../src/lib/kernel/errors.js'
import type {Destination, SlotTable} from '../../../../src/lib/operations/load/slot-table.js'

/** What a scripted node answers in place of what it would. `lost-before` and `lost-after` cut the connection. */
export type Answer = string | 'lost-before' | 'lost-after' | undefined

/** A node that takes RESTORE and DUMP on string keys. Ports are its name. */
export class FakeNode {
  readonly keys = new Map<string, string>()
  readonly log: string[] = []
  /** Commands per write. */
  readonly batches: number[] = []
  connections = 0
  script: (command: WireCommand) => Answer = () => undefined

  connect(): Wire {
    this.connections++
    let open = true
    const lost = () => new CliError('UNREACHABLE', 'closed the connection')
    return {
      name: 'fake',
      close: () => {
        open = false
      },
      send: async (commands) => {
        this.batches.push(commands.length)
        await Promise.resolve()
        return commands.map((command) => {
          if (!open) throw lost()
          this.log.push(command.slice(0, 2).join(' '))
          const answer = this.script(command)
          if (answer === 'lost-before') open = false
          if (!open) throw lost()
          if (answer !== undefined && answer !== 'lost-after') return replyOf(answer)
          const reply = this.run(command)
          if (answer === 'lost-after') open = false
          if (!open) throw lost()
          return reply
        })
      },
    }
  }

  private run([name, key = '', , payload = '', ...options]: WireCommand): WireReply {
    switch (name) {
      case 'RESTORE':
        if (this.keys.has(key) && !options.includes('REPLACE'))
          return replyOf('-BUSYKEY Target key name already exists.')
        this.keys.set(key, payload)
        return 'OK'
      case 'DUMP':
        return this.keys.get(key) ?? null
      case 'PEXPIRETIME':
        return -1
      case 'DEL':
        return Number(this.keys.delete(key))
      default:
        return 'OK'
    }
  }
}

function replyOf(text: string): WireReply {
  return text.startsWith('-') ? new NodeReplyError(text.slice(1)) : text
}

/** Nodes by port, and one table of slots that all believe in; slot -> port, 1 if not named. */
export class FakeTable implements SlotTable {
  readonly nodes = new Map<number, FakeNode>([
    [1, new FakeNode()],
    [2, new FakeNode()],
  ])
  readonly owners = new Map<number, number | undefined>()
  refreshes = 0
  onRefresh: () => void = () => undefined

  node(port: number): FakeNode {
    return this.nodes.get(port) as FakeNode
  }

  readonly connect = async ({address}: Destination): Promise<Wire> => this.node(address.port).connect()

  ownerOf(slot: number): Destination | undefined {
    const port = this.owners.has(slot) ? this.owners.get(slot) : 1
    return port === undefined ? undefined : {address: {host: 'h', port}}
  }

  moved(slot: number, to: Destination): void {
    this.owners.set(slot, to.address.port)
  }

  resolve(announced: {port: number}): Destination {
    return {address: {host: 'h', port: announced.port}}
  }

  async refresh(): Promise<void> {
    this.refreshes++
    this.onRefresh()
  }
}
