import {NOTIFY} from '../config/special.js'
import {
  NOTIFY_EVICTED,
  NOTIFY_EXPIRED,
  NOTIFY_GENERIC,
  NOTIFY_HASH,
  NOTIFY_KEY_MISS,
  NOTIFY_LIST,
  NOTIFY_MODULE,
  NOTIFY_NEW,
  NOTIFY_SET,
  NOTIFY_STREAM,
  NOTIFY_STRING,
  NOTIFY_ZSET,
} from '../keyspace/notifications.js'
import type {PubSub} from './pubsub.js'

/** By the letter of `notify-keyspace-events`. */
const KINDS: readonly (readonly [letter: number, kind: number])[] = [
  [NOTIFY.g, NOTIFY_GENERIC],
  [NOTIFY.$, NOTIFY_STRING],
  [NOTIFY.l, NOTIFY_LIST],
  [NOTIFY.s, NOTIFY_SET],
  [NOTIFY.h, NOTIFY_HASH],
  [NOTIFY.z, NOTIFY_ZSET],
  [NOTIFY.x, NOTIFY_EXPIRED],
  [NOTIFY.e, NOTIFY_EVICTED],
  [NOTIFY.t, NOTIFY_STREAM],
  [NOTIFY.m, NOTIFY_KEY_MISS],
  [NOTIFY.d, NOTIFY_MODULE],
  [NOTIFY.n, NOTIFY_NEW],
]

/** What the keyspace has to tell of. @param setting - value of `notify-keyspace-events` */
export function eventMask(setting: number): number {
  // Neither by key nor by event: nobody could hear of them.
  if ((setting & (NOTIFY.K | NOTIFY.E)) === 0) return 0
  return KINDS.reduce((mask, [letter, kind]) => ((setting & letter) === 0 ? mask : mask | kind), 0)
}

/** Publishes an event of the keyspace at this node: other nodes of a cluster do not hear of it. */
export function publishEvent(pubsub: PubSub, setting: number, event: string, key: string, database: number): void {
  if (pubsub.isIdle) return
  if ((setting & NOTIFY.K) !== 0) pubsub.publish(`__keyspace@${database}__:${key}`, event)
  if ((setting & NOTIFY.E) !== 0) pubsub.publish(`__keyevent@${database}__:${event}`, key)
}
