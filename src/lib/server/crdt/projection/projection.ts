import type {Database} from '../../keyspace/database.js'
import {
  NOTIFY_GENERIC,
  NOTIFY_HASH,
  NOTIFY_LIST,
  NOTIFY_SET,
  NOTIFY_STRING,
  NOTIFY_ZSET,
} from '../../keyspace/notifications.js'
import {typeOf, type Value} from '../../keyspace/value.js'
import type {Server} from '../../server.js'
import type {HashValue} from '../../values/hash/hash-value.js'
import type {ListValue} from '../../values/list/list-value.js'
import type {SetValue} from '../../values/set/set-value.js'
import type {Stream} from '../../values/stream/stream.js'
import type {SortedSet} from '../../values/zset/sorted-set.js'
import type {CrdtCore, CrdtObserver, CrdtType, Edit, VisibleKey} from '../core/api.js'
import {editHash, editList, editSet, editSortedSet} from './elements.js'
import {editStream} from './stream-edits.js'
import {shownType, wholeValue} from './whole-value.js'

/** What a change is called to those who subscribe to the keyspace's events. */
const EVENTS: Readonly<Record<Exclude<CrdtType, 'stream'>, readonly [kind: number, event: string]>> = {
  hash: [NOTIFY_HASH, 'hset'],
  hll: [NOTIFY_STRING, 'pfadd'],
  list: [NOTIFY_LIST, 'rpush'],
  set: [NOTIFY_SET, 'sadd'],
  string: [NOTIFY_STRING, 'set'],
  zset: [NOTIFY_ZSET, 'zadd'],
}

/**
 * Carries what other regions changed into the data that clients see: touched elements only. To whoever watches, tracks or
 * waits for a key it is a change like any other; nothing goes out of it.
 */
export class Projection implements CrdtObserver {
  private readonly db: Database

  constructor(
    private readonly server: Server,
    private readonly core: CrdtCore,
  ) {
    this.db = server.databases[0]!
  }

  changed(slot: number, key: string, edits: readonly Edit[]): void {
    this.apply(() => this.show(key, this.core.look(slot, key), edits))
  }

  assigned(_slot: number, key: string, value: string): void {
    this.apply(() => {
      this.db.put(key, value)
      this.tell(key, 'string')
    })
  }

  private apply(show: () => void): void {
    const {state} = this.server
    const {isApplying, keepExpired} = state
    // What has run out is there still; its owner decides.
    state.isApplying = true
    state.keepExpired = true
    try {
      show()
    } finally {
      state.isApplying = isApplying
      state.keepExpired = keepExpired
    }
  }

  published(channel: string, message: string): void {
    const {cluster, pubsub, state} = this.server
    // A replica hears of it from its primary's cluster, like all nodes; and what a file tells of was told long ago.
    if (state.isApplying) return
    pubsub.publish(channel, message)
    cluster?.perform(cluster.core.publish(channel, message, false))
  }

  private show(key: string, shown: VisibleKey | undefined, edits: readonly Edit[]): void {
    const {db} = this
    if (shown === undefined) {
      if (db.drop(key)) db.notify(NOTIFY_GENERIC, 'del', key)
      return
    }
    const held = db.getForWrite(key)
    const isWhole = held === undefined || typeOf(held) !== shownType(shown) || edits.some(({kind}) => kind === 'key')
    if (isWhole) this.showWhole(key, held, shown)
    else this.edit(key, held, shown, edits)
    if (isWhole || edits.some(({kind}) => kind === 'deadline')) this.showDeadline(key, shown.deadlineMs)
  }

  private showWhole(key: string, held: Value | undefined, shown: VisibleKey): void {
    const {db} = this
    const value = wholeValue(shown, held, this.server.config.values)
    db.put(key, value)
    this.tell(key, shown.type)
  }

  private edit(key: string, held: Value, shown: VisibleKey, edits: readonly Edit[]): void {
    const {values} = this.server.config
    let isChanged = false
    for (const edit of edits) {
      if (edit.kind === 'deadline') continue
      isChanged = true
      if (typeof held === 'string') continue
      if (edit.kind === 'elements') {
        if (held.type === 'set') editSet(held as SetValue, shown, edit.names, values)
        else if (held.type === 'hash') editHash(held as HashValue, shown, edit.names, values)
        else editSortedSet(held as SortedSet, shown, edit.names, values)
      } else if (held.type === 'list') {
        editList(held as ListValue, edit)
      } else if (held.type === 'stream') {
        editStream(held as Stream, shown, edit, values)
      }
    }
    if (!isChanged) return
    if (typeof held === 'string') this.db.put(key, shown.text())
    else this.db.touched(key)
    this.tell(key, shown.type)
  }

  private tell(key: string, type: CrdtType): void {
    if (type === 'stream') return
    const [kind, event] = EVENTS[type]
    this.db.notify(kind, event, key)
  }

  private showDeadline(key: string, atMs: number | undefined): void {
    const {db} = this
    const before = db.expiryOf(key)
    if (before === atMs) return
    if (atMs === undefined) {
      db.removeExpiry(key)
      db.notify(NOTIFY_GENERIC, 'persist', key)
    } else {
      db.setExpiry(key, atMs)
      db.notify(NOTIFY_GENERIC, 'expire', key)
    }
  }
}
