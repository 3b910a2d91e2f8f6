import {hashSlot} from '../../protocol/hash-slot.js'
import {type Client, SPECIAL_SUBSCRIBED} from '../client.js'
import {globMatch} from '../config/glob.js'

/** What one can subscribe to. Shard channels live in a slot, like keys. */
export type SubscriptionKind = 'channels' | 'patterns' | 'shardChannels'

/** What one client has subscribed to. */
export type Subscriptions = Readonly<Record<SubscriptionKind, Set<string>>>

const VERBS: Readonly<Record<SubscriptionKind, readonly [subscribed: string, unsubscribed: string]>> = {
  channels: ['subscribe', 'unsubscribe'],
  patterns: ['psubscribe', 'punsubscribe'],
  shardChannels: ['ssubscribe', 'sunsubscribe'],
}

const NIL = ['', '', '$-1\r\n', '_\r\n']

export function bulk(text: string): string {
  return `$${text.length}\r\n${text}\r\n`
}

/** A message out of turn: a push in RESP3, an array in RESP2. @param rest - its elements, encoded */
function message(resp: number, count: number, rest: string): string {
  return `${resp === 3 ? '>' : '*'}${count}\r\n${rest}`
}

/**
 * Who listens to what. Publishing costs one look-up for the channel and one match per pattern, whoever subscribed; a
 * message is encoded once for all who get it.
 */
export class PubSub {
  private readonly listeners: Readonly<Record<SubscriptionKind, Map<string, Set<Client>>>> = {
    channels: new Map(),
    patterns: new Map(),
    shardChannels: new Map(),
  }

  /** Distinct names somebody has subscribed to. */
  count(kind: SubscriptionKind): number {
    return this.listeners[kind].size
  }

  names(kind: SubscriptionKind): IterableIterator<string> {
    return this.listeners[kind].keys()
  }

  listenerCount(kind: SubscriptionKind, name: string): number {
    return this.listeners[kind].get(name)?.size ?? 0
  }

  /** Nobody would hear of anything published. */
  get isIdle(): boolean {
    return this.listeners.channels.size === 0 && this.listeners.patterns.size === 0
  }

  /** Adds the subscription, if it is a new one, and confirms it. */
  subscribe(client: Client, kind: SubscriptionKind, name: string): void {
    client.subscriptions ??= {channels: new Set(), patterns: new Set(), shardChannels: new Set()}
    client.special |= SPECIAL_SUBSCRIBED
    client.subscriptions[kind].add(name)
    const clients = this.listeners[kind].get(name)
    if (clients === undefined) this.listeners[kind].set(name, new Set([client]))
    else clients.add(client)
    this.answer(client, kind, VERBS[kind][0], name)
  }

  /** Ends the subscription, if there is one, and confirms it all the same. */
  unsubscribe(client: Client, kind: SubscriptionKind, name: string): void {
    this.remove(client, kind, name)
    this.answer(client, kind, VERBS[kind][1], name)
    this.leaveIfDone(client)
  }

  /** One confirmation each; one without a name if there was none. */
  unsubscribeAll(client: Client, kind: SubscriptionKind): void {
    const names = [...(client.subscriptions?.[kind] ?? [])]
    for (const name of names) {
      this.remove(client, kind, name)
      this.answer(client, kind, VERBS[kind][1], name)
    }
    if (names.length === 0) this.answer(client, kind, VERBS[kind][1], undefined)
    this.leaveIfDone(client)
  }

  /** The client is gone, or starts anew: without a word to it. */
  forget(client: Client): void {
    const {subscriptions} = client
    if (subscriptions === undefined) return
    for (const kind of Object.keys(VERBS) as SubscriptionKind[]) {
      for (const name of subscriptions[kind]) this.remove(client, kind, name)
    }
    this.leaveIfDone(client)
  }

  /** Shard channels of slots that are served elsewhere now: their listeners are told, to subscribe there. */
  dropSlots(slots: readonly number[]): void {
    const {shardChannels} = this.listeners
    if (shardChannels.size === 0) return
    const gone = new Set(slots)
    for (const [name, clients] of [...shardChannels]) {
      if (!gone.has(hashSlot(name))) continue
      for (const client of [...clients]) {
        this.remove(client, 'shardChannels', name)
        client.push(this.confirmation(client, 'shardChannels', VERBS.shardChannels[1], name))
        this.leaveIfDone(client)
      }
    }
  }

  /** @returns how many got it; who listens twice counts twice */
  publish(channel: string, text: string): number {
    const {channels, patterns} = this.listeners
    const rest = channels.size + patterns.size === 0 ? '' : bulk(channel) + bulk(text)
    let receivers = deliver(channels.get(channel), 3, `$7\r\nmessage\r\n${rest}`)
    for (const [pattern, clients] of patterns) {
      if (!globMatch(pattern, channel)) continue
      receivers += deliver(clients, 4, `$8\r\npmessage\r\n${bulk(pattern)}${rest}`)
    }
    return receivers
  }

  /** To those who listen to the shard channel at this node. @returns how many */
  publishToShard(channel: string, text: string): number {
    const clients = this.listeners.shardChannels.get(channel)
    return clients === undefined ? 0 : deliver(clients, 3, `$8\r\nsmessage\r\n${bulk(channel)}${bulk(text)}`)
  }

  private remove(client: Client, kind: SubscriptionKind, name: string): void {
    if (client.subscriptions?.[kind].delete(name) !== true) return
    const clients = this.listeners[kind].get(name)
    clients?.delete(client)
    if (clients?.size === 0) this.listeners[kind].delete(name)
  }

  private leaveIfDone(client: Client): void {
    const {subscriptions} = client
    if (subscriptions === undefined) return
    const {channels, patterns, shardChannels} = subscriptions
    if (channels.size + patterns.size + shardChannels.size === 0) client.special &= ~SPECIAL_SUBSCRIBED
  }

  /** Confirmations stand in place of a reply, but CLIENT REPLY does not silence them. */
  private answer(client: Client, kind: SubscriptionKind, verb: string, name: string | undefined): void {
    const text = this.confirmation(client, kind, verb, name)
    if (client.replyMode === 'on') client.reply.raw(text)
    else client.pushesBefore += text
  }

  /** Shard channels are counted on their own. */
  private confirmation(client: Client, kind: SubscriptionKind, verb: string, name: string | undefined): string {
    const {resp} = client.reply
    const {channels, patterns, shardChannels} = client.subscriptions ?? NOTHING
    const count = kind === 'shardChannels' ? shardChannels.size : channels.size + patterns.size
    const shown = name === undefined ? NIL[resp] : bulk(name)
    return message(resp, 3, `${bulk(verb)}${shown}:${count}\r\n`)
  }
}

const NOTHING: Subscriptions = {channels: new Set(), patterns: new Set(), shardChannels: new Set()}

function deliver(clients: ReadonlySet<Client> | undefined, count: number, rest: string): number {
  if (clients === undefined) return 0
  const forms = ['', '', message(2, count, rest), message(3, count, rest)]
  for (const client of clients) client.push(forms[client.reply.resp]!)
  return clients.size
}
