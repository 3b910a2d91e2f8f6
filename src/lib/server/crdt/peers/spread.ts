import {encodeCommand} from '../../../protocol/resp/encode-command.js'
import type {ClusterNode} from '../../cluster/node.js'
import type {PeerResult} from '../../effects.js'
import type {Server} from '../../server.js'
import type {CrdtDatabase} from '../crdt-database.js'

const TIMEOUT_MS = 2000
const VERSION_REPLY = /^:(-?\d+)$/
const UNKNOWN_COMMAND = /^-ERR unknown command/i

/**
 * The configuration on its way to the other nodes of this cluster: whoever has it offers it, each second to one node at
 * random and to all that have not been offered this version, so that a node that has just joined is an instance before it
 * gets slots. Nodes without a database ask nobody: in a cluster without one nothing is sent.
 */
export class ConfigSpread {
  /** By node id, the version that it has, or has refused. */
  private readonly offered = new Map<string, number>()
  private readonly asked = new Set<string>()

  constructor(
    private readonly database: CrdtDatabase,
    private readonly chance: () => number,
  ) {}

  /** About every second. */
  tick(): void {
    const {version} = this.database.config
    const others = [...(this.server.cluster?.core.nodes.values() ?? [])].filter(isReachable)
    const due = others.filter(({id}) => this.offered.get(id) !== version)
    const one = others[Math.floor(this.chance() * others.length)]
    for (const node of new Set(one === undefined ? due : [...due, one])) this.offer(node)
  }

  private get server(): Server {
    return this.database.server
  }

  private offer(node: ClusterNode): void {
    if (this.asked.has(node.id)) return
    const {config} = this.database
    this.exchange(node, ['CRDT.CONFIG', 'VERSION', config.guid], (answer) => {
      const version = Number(VERSION_REPLY.exec(answer)?.[1] ?? Number.NaN)
      // Another server, or one that has left: asking again would fill its statistics of errors.
      if (UNKNOWN_COMMAND.test(answer) || version < 0 || version >= config.version) {
        this.offered.set(node.id, config.version)
      } else if (version >= 0) this.give(node)
    })
  }

  private give(node: ClusterNode): void {
    const {config, region} = this.database
    const argv = ['CRDT.CONFIG', 'SET', String(region), JSON.stringify(config)]
    this.exchange(node, argv, (answer) => {
      if (answer === '+OK') this.offered.set(node.id, config.version)
      else this.server.effects.log('warning', `Node ${node.id} does not take the database: ${answer.slice(1)}`)
    })
  }

  private exchange({id, ip, port}: ClusterNode, argv: readonly string[], onAnswer: (answer: string) => void): void {
    const {config, effects} = this.server
    const {masterauth, masteruser} = config.values
    const requests = [argv]
    if (masterauth !== '') requests.unshift(['AUTH', ...(masteruser === '' ? [] : [masteruser]), masterauth])
    this.asked.add(id)
    effects.exchange({
      done: (result: PeerResult) => {
        this.asked.delete(id)
        const answer = result.replies[requests.length - 1]
        if (answer !== undefined) onAnswer(answer)
      },
      host: ip,
      payload: requests.map(encodeCommand).join(''),
      port,
      replyCount: requests.length,
      timeoutMs: TIMEOUT_MS,
    })
  }
}

function isReachable(node: ClusterNode): boolean {
  return !node.isMyself && !node.inHandshake && !node.failed && node.hasAddress && node.ip !== ''
}
