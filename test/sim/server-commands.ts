import type {Client} from '../../src/lib/server/client.js'
import type {KeyCommand, Reply, SimConnection} from './commands.js'
import type {ServerBackend} from './server-backend.js'
import type {SimNode} from './sim-node.js'
import type {World} from './world.js'

/** The commands of commands.ts, run by the production server of a node that has one. */

type Respond = (reply: Reply) => void

/** @param keepAsking - planted bug: ASKING stays on the connection */
export function runServerKeyCommand(
  world: World,
  node: SimNode,
  backend: ServerBackend,
  connection: SimConnection & {client?: Client | undefined},
  command: KeyCommand,
  keepAsking: boolean,
  respond: Respond,
): void {
  const {asking, deadlineMs, key, value} = command
  // The process may have started anew while the request was on its way.
  if (connection.client?.server !== backend.server) {
    connection.client = backend.connect()
    connection.asking = false
  }
  const {client} = connection
  if (keepAsking && connection.asking) client.asking = true
  connection.asking ||= asking
  const words = value === undefined ? ['GET', key] : ['SET', key, value]
  let isAnswered = false
  backend.send(client, asking ? [['ASKING'], words] : [words], (replies) => {
    isAnswered = true
    const reply = replies.at(-1) as Reply
    if (value !== undefined && 'value' in reply) {
      for (const checker of world.checkers) checker.onWrite?.(node, key, asking)
    }
    respond(reply)
  })
  // A client that gives up closes its connection: what is parked there never runs.
  world.queue.after(deadlineMs - world.queue.nowMs, () => {
    if (isAnswered) return
    backend.disconnect(client)
    if (connection.client === client) connection.client = undefined
  })
}

/** A command of a client of its own. */
export function runServerCommand({backend}: SimNode, words: readonly string[], respond: Respond): void {
  if (!backend) throw new Error('there is no server')
  const client = backend.connect()
  backend.send(client, [words], (replies) => {
    backend.disconnect(client)
    respond(replies[0] as Reply)
  })
}

export function runServerMigrate(
  backend: ServerBackend,
  target: SimNode,
  keys: readonly string[],
  timeoutMs: number,
  respond: Respond,
): void {
  const client = backend.connect()
  const words = [
    'MIGRATE',
    target.ip,
    String(target.config.port),
    '',
    '0',
    String(timeoutMs),
    'REPLACE',
    'KEYS',
    ...keys,
  ]
  backend.send(client, [words], (replies) => {
    backend.disconnect(client)
    respond(replies[0] as Reply)
  })
}
