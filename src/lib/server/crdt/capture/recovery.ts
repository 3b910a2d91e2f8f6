import {keyIndexesOf} from '../../dispatcher.js'
import type {SlotWriter, VisibleKey} from '../core/api.js'
import type {CrdtDatabase} from '../crdt-database.js'
import {wholeValue} from '../projection/whole-value.js'
import {natureOf, writeWhole} from './rewrite.js'

/**
 * A change of the data could not be captured, for a reason of ours. What the core took of it stays, and goes out as the unit's
 * effect; what clients see of the keys concerned is put back to what the core shows. So the node goes on, and is like others.
 */
export class Recovery {
  constructor(private readonly crdt: CrdtDatabase) {}

  /** @param doing - what could not be done @param writers - those of the unit */
  log(doing: string, error: unknown): void {
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error)
    this.crdt.server.effects.log('warning', `Bug in the active-active database, ${doing}: ${detail}`)
  }

  /** Ends what an operation left half done. @returns the keys that were written anew */
  settle(writers: Iterable<SlotWriter>): string[] {
    const keys: string[] = []
    for (const writer of writers) {
      const key = writer.abandon()
      if (key === undefined) continue
      keys.push(key)
      this.writeAnew(writer, key)
    }
    return keys
  }

  /** Others and this node's own disk come to what the core shows of the key, whatever an operation has left of it. */
  writeAnew(writer: SlotWriter, key: string): void {
    try {
      const shown = this.look(key)
      if (shown === undefined) {
        writer.resetKey(key)
        return
      }
      const value = wholeValue(shown, undefined, this.crdt.server.config.values)
      const nature = natureOf(shown)
      const {deadlineMs} = shown
      const groups = [...shown.groups()]
      writer.resetKey(key)
      writeWhole(writer, key, value, nature)
      for (const {lastId, name} of groups) writer.createGroup(key, name, lastId)
      if (deadlineMs !== undefined) writer.setDeadline(key, deadlineMs)
    } catch (error) {
      writer.abandon()
      this.log(`whose copies of ${JSON.stringify(key)} may differ by now ('shoal crdb verify' tells)`, error)
    }
  }

  /** What clients see of the keys of commands is what the core shows. */
  putBack(commands: Iterable<readonly string[]>, more: readonly string[] = []): void {
    const {server} = this.crdt
    const keys = new Set(more)
    for (const argv of commands) {
      const command = server.findCommand(argv)
      if (command !== undefined) for (const index of keyIndexesOf(command, argv)) keys.add(argv[index]!)
    }
    for (const key of keys) this.putBackKey(key)
  }

  putBackKey(key: string): void {
    const {core, server} = this.crdt
    const db = server.databases[0]!
    const show = () => core.observer?.changed(db.slotOf(key), key, [{kind: 'key'}])
    try {
      show()
    } catch {
      // What a stream holds of its own may be what is wrong.
      db.drop(key)
      show()
    }
  }

  private look(key: string): VisibleKey | undefined {
    const {core, server} = this.crdt
    return core.look(server.databases[0]!.slotOf(key), key)
  }
}
