import {requireInteger} from '../../arguments.js'
import type {Client} from '../../client.js'
import type {FeedOutput} from '../../crdt/peers/feed.js'
import type {Peers} from '../../crdt/peers/peers.js'
import {replicationEffects} from '../../replication/link-effects.js'
import {ReplyError} from '../../reply-error.js'
import type {Server} from '../../server.js'
import {type Command, type CommandContext, type CommandFlag, defineCommand} from '../command.js'

/** What a shard of another region says on the connection on which it gets this node's effects (crdt/peers/feed.ts). */
const FLAGS: readonly CommandFlag[] = ['admin', 'noscript', 'no_multi', 'skip_monitor', 'skip_slowlog']
const FACTS = {flags: FLAGS, group: 'server', since: '7.0.0'} as const

function requirePeers({crdt}: Server): Peers {
  if (crdt?.peers === undefined) throw new ReplyError('CRDTNOTYET this node is not linked to other regions yet')
  return crdt.peers
}

/** The connection itself is the stream. */
function outputOf(client: Client): FeedOutput {
  const {server} = client
  return {
    close: () => server.effects.closeClient(client, false),
    send: (text) => client.pushInline(text),
    get unsentBytes() {
      return client.unsentBytes + client.reply.out.length
    },
    whenTaken: (run) => {
      let isDone = false
      const once = (): void => {
        if (isDone) return
        isDone = true
        client.onDrain = undefined
        run()
      }
      client.onDrain = once
      // What the kernel takes at once drains nothing.
      const look = (): void => {
        if (client.unsentBytes === 0 && client.reply.out === '') once()
        else if (client.unsentBytes === 0 && !isDone) replicationEffects(server).soon(look)
      }
      replicationEffects(server).soon(look)
    },
  }
}

function sync({client, reply, server}: CommandContext, [, request, vectors]: string[]): void {
  requirePeers(server).synchronize(
    client,
    [request!, vectors!],
    () => outputOf(client),
    (line) => reply.simple(line),
  )
}

function acknowledge({client, server}: CommandContext, argv: string[]): void {
  const [, clock, mark, echo, vectors] = argv as [string, string, string, string, string | undefined]
  const peers = requirePeers(server)
  const heard = Number(clock)
  if (!Number.isFinite(heard) || argv.length > 5) throw new ReplyError('ERR syntax error')
  peers.database.core.heard(heard)
  peers.feeds.acknowledge(client, requireInteger(mark), echo, vectors)
}

function compare({client, server}: CommandContext, [, vectors, digests]: string[]): void {
  requirePeers(server).feeds.compare(client, vectors!, digests!)
}

function pull({client, server}: CommandContext, [, slot]: string[]): void {
  requirePeers(server).feeds.pull(client, requireInteger(slot!))
}

/** All that has come until now is acknowledged everywhere at once, not within the second. */
function ping({reply, server}: CommandContext): void {
  requirePeers(server).acknowledgeNow()
  reply.simple('PONG')
}

function peersReport({reply, server}: CommandContext): void {
  reply.bulk(JSON.stringify(server.crdt?.peers?.status() ?? []))
}

export const crdtPeerCommands: readonly Command[] = [
  defineCommand({...FACTS, name: 'crdt.ack', arity: -4, run: acknowledge}),
  defineCommand({...FACTS, name: 'crdt.compare', arity: 3, run: compare}),
  defineCommand({...FACTS, name: 'crdt.peers', arity: 1, flags: ['admin', 'loading', 'stale'], run: peersReport}),
  defineCommand({...FACTS, name: 'crdt.ping', arity: 1, run: ping}),
  defineCommand({...FACTS, name: 'crdt.pull', arity: 2, run: pull}),
  defineCommand({...FACTS, name: 'crdt.sync', arity: 3, run: sync}),
]
