import {parseClusterNodes} from '../../../src/lib/client/cluster-nodes.js'
import type {Command, NodeConnection} from '../../../src/lib/client/node-connection.js'
import {NodeReplyError} from '../../../src/lib/client/reply-error.js'
import type {ProbedNode} from '../../../src/lib/operations/preflight.js'
import {idOf} from '../model/build-view.js'

/** Nodes that know each other as they are told: `onMeet` says what a MEET brings about. */
export class FakeNodes {
  readonly ports: number[]
  /** `7000 7001`: the first knows the second. */
  readonly knows = new Set<string>()
  /** `7000 7001`: the first tries to greet the second, and has made up an id for it. */
  readonly greets = new Set<string>()
  /** In the order of their coming. */
  readonly meets: string[] = []
  /** CLUSTER FORGET and RESET, and FUNCTION FLUSH: who was sent what. */
  readonly undone: string[] = []
  /** Answers instead of a node; undefined lets it answer. */
  script: (port: number, command: Command) => NodeReplyError | undefined = () => undefined
  onMeet = (from: number, to: number): void => {
    this.knows.add(`${from} ${to}`).add(`${to} ${from}`)
  }

  constructor(count: number) {
    this.ports = Array.from({length: count}, (_, index) => 7000 + index)
  }

  probed(): ProbedNode[] {
    return this.ports.map((port) => {
      const address = {host: '127.0.0.1', port}
      const pipeline = async (commands: readonly Command[]) => commands.map((command) => this.answer(port, command))
      return {
        address,
        host: '127.0.0.1',
        connection: {address, name: `127.0.0.1:${port}`, pipeline} as unknown as NodeConnection,
        view: {
          address,
          id: this.idAt(port),
          records: parseClusterNodes(this.nodes(port), address),
          clusterInfo: new Map(),
          info: new Map(),
        },
      }
    })
  }

  private answer(port: number, command: Command): string | NodeReplyError {
    const [name, sub, third, to] = command
    const scripted = this.script(port, command)
    if (scripted) return scripted
    if (sub === 'NODES') return this.nodes(port)
    if (sub === 'FORGET' || sub === 'RESET') return this.undo(port, String(sub), String(third))
    if (sub !== 'MEET') return name === 'INFO' || sub === 'INFO' ? '' : new NodeReplyError('ERR not scripted')
    this.meets.push(`${port} ${to}`)
    this.onMeet(port, Number(to))
    return 'OK'
  }

  private undo(port: number, what: string, id: string): string {
    this.undone.push(`${port} ${what}`)
    for (const other of this.ports) {
      const pair = `${port} ${other}`
      if (what === 'RESET' || id === this.idAt(other)) this.knows.delete(pair)
      if (what === 'RESET' || id === this.madeUp(other)) this.greets.delete(pair)
    }
    return 'OK'
  }

  private nodes(observer: number): string {
    const greeted = this.ports
      .filter((port) => this.greets.has(`${observer} ${port}`))
      .map((port) => `${this.madeUp(port)} 127.0.0.1:${port}@${port + 10000} handshake - 0 0 0 disconnected\n`)
    const known = this.ports
      .filter((port) => port === observer || this.knows.has(`${observer} ${port}`))
      .map((port) => {
        const flags = port === observer ? 'myself,master' : 'master'
        return `${this.idAt(port)} 127.0.0.1:${port}@${port + 10000} ${flags} - 0 0 0 connected`
      })
      .join('\n')
    return greeted.join('') + known
  }

  private madeUp(port: number): string {
    return String(port).repeat(10)
  }

  private idAt(port: number) {
    return idOf('abcdefghijklmnopqrstuvwxyz0123456789'[port - 7000] as string)
  }
}
