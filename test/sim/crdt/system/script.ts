import {hashSlot} from '../../../../src/lib/protocol/hash-slot.js'
import type {Engine} from '../../../../src/lib/server/crdt/core/engine.js'
import {Violation} from '../engine/violation.js'
import type {SystemNode} from './system-node.js'
import type {SystemWorld} from './system-world.js'

/**
 * The verbs of scripts. Regions are numbers.
 *
 *   1: INCR {a}n | DEL {a}n   commands of a client, to whoever owns the key of the first
 *   1 keep {a} 17             a member that nobody removes, to {a}kept
 *   run 100                   time passes, milliseconds
 *   cut 1 2, heal             links between two regions; `break 1 2`: connections end, others can be made
 *   hold 1                    replicas of a region are sent nothing until `heal`
 *   failover 1 0              the first shard's primary is gone, its replica goes on
 *   move 1 {a}                the slot goes to another shard of the region
 *   damage 1 {a}k             a primary of the region loses the key from its core, as only a bug does
 *   compare 1                 a region with all others, now
 *   skew 1 -5000              clocks of a region
 *   full 1, room 1            no memory for effects
 *   add-region, remove-region 3
 *   check                     at all nodes; `settle`: all faults end, then all must come to the same
 */
export function runLine(world: SystemWorld, line: string): void {
  const [verb = '', first = '', second = ''] = line.split(' ')
  if (verb.endsWith(':')) {
    runCommands(world, Number(verb.slice(0, -1)), line.slice(verb.length + 1).split(' | '))
    return
  }
  if (first === 'keep') {
    keep(world, Number(verb), second, line.split(' ')[3] as string)
    return
  }
  const each = (change: (node: SystemNode) => void): void => {
    for (const node of world.nodes) if (node.region === Number(first)) change(node)
  }
  switch (verb) {
    case 'run':
      world.advance(Number(first))
      return
    case 'cut':
      world.lines.cut(Number(first), Number(second))
      return
    case 'break':
      world.lines.break(Number(first), Number(second))
      return
    case 'hold':
      world.lines.hold(Number(first))
      return
    case 'heal':
      world.lines.heal()
      return
    case 'failover':
      world.failOver(Number(first), Number(second))
      return
    case 'move':
      world.move(Number(first), second)
      return
    case 'damage':
      damage(world.ownerOf(Number(first), second) as SystemNode, second)
      world.isDamaged = true
      return
    case 'compare':
      each((node) => node.peers.compareNow())
      return
    case 'skew':
      each((node) => {
        node.skewMs = Number(second)
      })
      return
    case 'full':
    case 'room':
      each((node) => {
        node.isFull = verb === 'full'
      })
      return
    case 'add-region':
      world.addRegion()
      return
    case 'remove-region':
      world.removeRegion(Number(first))
      return
    case 'check':
      world.check()
      return
    case 'settle':
      world.heal()
      return
    default:
      throw new Error(`no such line: ${line}`)
  }
}

function runCommands(world: SystemWorld, region: number, commands: readonly string[]): void {
  const key = commands.map((command) => /\{\w\}\w*/.exec(command)?.[0]).find((found) => found !== undefined)
  const node = world.ownerOf(region, key ?? '{a}')
  if (node) send(node, commands)
}

function damage({crdt}: SystemNode, key: string): void {
  const {slots} = (crdt.core as unknown as {readonly engine: Engine}).engine
  slots.get(hashSlot(key))?.keys.delete(key)
}

function keep(world: SystemWorld, region: number, tag: string, member: string): void {
  const node = world.ownerOf(region, tag)
  if (node && send(node, [`SADD ${tag}kept ${member}`]) === ':1\r\n')
    world.promises.acknowledged(region, `${tag}kept`, member)
}

/** @returns what is answered at once @throws Violation for what only a bug can answer */
function send(node: SystemNode, commands: readonly string[]): string {
  const client = node.connect()
  const text = commands.map((command) => encode(command.split(' '))).join('')
  node.feed(client, text)
  node.turn()
  const reply = client.reply.take()
  node.server.removeClient(client)
  if (reply.includes('-ERR internal error'))
    throw new Violation('no-internal-error', `${commands.join(' | ')}: ${node.log.at(-1)}`)
  return reply
}

function encode(argv: readonly string[]): string {
  return `*${argv.length}\r\n${argv.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`
}
