import {hashSlot} from '../../../protocol/hash-slot.js'
import type {Database} from '../../keyspace/database.js'
import type {Value} from '../../keyspace/value.js'
import type {ChangeCapture, Item} from '../../propagation/propagation.js'
import type {Server} from '../../server.js'
import type {CrdtCore, CrdtType, SlotWriter, VisibleKey} from '../core/api.js'
import type {CrdtDatabase} from '../crdt-database.js'
import {Recovery} from './recovery.js'
import {REPEATED} from './repeated.js'
import {dropIfEmptied} from './stream-commands.js'
import {PLAIN, type PlainTranslate, translatorOf} from './translators.js'
import type {Unit} from './unit.js'

const NONE: readonly string[] = []
/** Whoever gets an effect takes all of it in before he does anything else. */
const CONTINUED_BYTES_MAX = 16 * 1024

/** After these a stream may be left without entries and groups. */
const MAY_EMPTY_STREAM: ReadonlySet<string> = new Set([
  'copy',
  'rename',
  'renamenx',
  'restore',
  'xadd',
  'xdel',
  'xgroup|destroy',
  'xtrim',
])

/**
 * Clients' changes on their way into the core.
 *
 * Each command is translated the moment it is over: by what goes out of it, which is deterministic, by what is seen of the
 * data, which are as it left them, and by what the core shows, which is as before it. What a unit did in a slot becomes one
 * effect when the unit is over; and so does what units of one pipeline did that follow each other in one slot.
 */
export class Capture implements ChangeCapture, Unit {
  readonly server: Server
  readonly db: Database
  removed = NONE

  private readonly core: CrdtCore
  /** The command that has just run; '': none. */
  private ranName = ''
  private ranArgv = NONE
  /** Of the last command, and nearly always of the next one too. */
  private lastName = ''
  private plainTranslate: PlainTranslate | undefined = undefined
  private keepsArgv = true
  /** Writers of this unit; nearly always it is one. */
  private slot = -1
  private slotWriter: SlotWriter | undefined = undefined
  private readonly others = new Map<number, SlotWriter>()
  private locals: Item[] = []
  /** What the writer has is of units that are over; the next one may go on with it. */
  private isLeftOpen = false

  private readonly recovery: Recovery

  constructor(private readonly crdt: CrdtDatabase) {
    this.recovery = new Recovery(crdt)
    this.server = crdt.server
    this.db = crdt.server.databases[0]!
    this.core = crdt.core
  }

  ran(name: string, argv: readonly string[]): void {
    this.ranName = name
    if (name !== this.lastName) {
      this.lastName = name
      this.plainTranslate = PLAIN.get(name)
      this.keepsArgv = this.plainTranslate === undefined || REPEATED.has(name)
    }
    // The collector has to be told of each reference from what is old to what is young.
    this.ranArgv = this.keepsArgv ? argv : NONE
  }

  tookOut(members: readonly string[]): void {
    this.removed = members
  }

  take(items: readonly Item[]): void {
    try {
      this.translate(items)
    } catch (error) {
      const commands = items.map(({argv}) => argv)
      this.failed(error, this.ranArgv === NONE ? commands : [...commands, this.ranArgv])
    }
  }

  private failed(error: unknown, commands: readonly (readonly string[])[]): void {
    this.removed = NONE
    this.recover(`capturing '${commands[0]![0]}'`, error)
    this.putBack(commands)
    this.server.state.propagation.failed()
  }

  private recover(doing: string, error: unknown): void {
    this.recovery.log(doing, error)
    const writers = this.slotWriter === undefined ? [] : [this.slotWriter, ...this.others.values()]
    for (const key of this.recovery.settle(writers)) this.recovery.putBackKey(key)
  }

  putBack(commands: readonly (readonly string[])[]): void {
    this.recovery.putBack(commands)
  }

  private translate(items: readonly Item[]): void {
    const name = this.ranName
    this.ranName = ''
    if (this.server.state.isApplying) {
      // What comes from the primary is in the core already.
      for (const item of items) this.keepLocal(item)
      return
    }
    if (name === '' && items.length === 0) return
    const repeated = name === '' ? undefined : REPEATED.get(name)
    for (const item of items) {
      if (repeated === undefined) translatorOf(item.argv[0]!)(this, item.argv, item)
      else if (item.argv[0]!.toLowerCase() !== repeated.replaces) translatorOf(item.argv[0]!)(this, item.argv, item)
    }
    if (repeated !== undefined) repeated.translate(this, this.ranArgv)
    if (items.length > 0 && MAY_EMPTY_STREAM.has(name)) for (const {argv} of items) dropIfEmptied(this, argv)
    if (this.removed.length > 0) this.removed = NONE
  }

  /** The way of nearly every command: as `take`, without what that makes for the others. */
  takeOne(database: number, argv: readonly string[], to: number): void {
    const translate = this.ranName === '' ? undefined : this.plainTranslate
    if (translate === undefined || this.server.state.isApplying || this.removed.length > 0) {
      this.take([{argv, database, to}])
      return
    }
    this.ranName = ''
    try {
      translate(this, argv)
    } catch (error) {
      this.failed(error, [argv])
    }
  }

  dropped(key: string): void {
    if (this.server.state.isApplying) return
    try {
      this.writer(key).resetKey(key)
    } catch (error) {
      this.recover(`deleting ${JSON.stringify(key)}`, error)
      this.recovery.putBackKey(key)
    }
  }

  close(mayContinue: boolean): void {
    const {slotWriter} = this
    if (mayContinue && slotWriter !== undefined && slotWriter.length < CONTINUED_BYTES_MAX) {
      this.isLeftOpen = this.others.size === 0 && this.locals.length === 0
      if (this.isLeftOpen) return
    }
    this.settle()
  }

  settle(): void {
    if (this.slotWriter !== undefined) this.endWriters(this.slotWriter)
    if (this.locals.length === 0) return
    const {locals} = this
    this.locals = []
    this.server.state.propagation.passItems(locals)
  }

  private endWriters(first: SlotWriter): void {
    this.slot = -1
    this.slotWriter = undefined
    this.isLeftOpen = false
    const effect = first.finish()
    if (this.others.size === 0) {
      if (effect !== undefined) this.crdt.made(effect)
      return
    }
    const effects = effect === undefined ? [] : [effect]
    for (const writer of this.others.values()) {
      const other = writer.finish()
      if (other !== undefined) effects.push(other)
    }
    this.others.clear()
    if (effects.length > 0) this.crdt.madeAll(effects)
  }

  writer(key: string): SlotWriter {
    return this.writerOf(this.db.slotOf(key))
  }

  private writerOf(slot: number): SlotWriter {
    if (this.slot === slot) {
      this.isLeftOpen = false
      return this.slotWriter!
    }
    if (this.isLeftOpen) this.endWriters(this.slotWriter!)
    if (this.slotWriter === undefined) {
      this.slot = slot
      this.slotWriter = this.core.write(slot)
      return this.slotWriter
    }
    let writer = this.others.get(slot)
    if (writer === undefined) {
      writer = this.core.write(slot)
      this.others.set(slot, writer)
    }
    return writer
  }

  look(key: string): VisibleKey | undefined {
    return this.core.look(this.db.slotOf(key), key)
  }

  typeOf(key: string): CrdtType | undefined {
    return this.core.typeOf(this.db.slotOf(key), key)
  }

  visible(key: string): Value | undefined {
    const {store} = this.db
    const place = store.find(key)
    return place < 0 ? undefined : store.valueAt(place)
  }

  keepLocal(item: Item): void {
    this.locals.push(item)
  }

  /** By a slot of this node: nobody else makes effects of the others. */
  publish(channel: string, message: string): void {
    const {cluster} = this.server
    const own = hashSlot(channel)
    if (cluster === undefined) return
    const slot = cluster.core.serves[own] === 1 ? own : cluster.core.serves.indexOf(1)
    if (slot >= 0) this.writerOf(slot).publish(channel, message)
  }
}
