import {CRDB_DEFAULTS, type CrdbConfig} from '../../../../../src/lib/model/crdb.js'
import type {Command} from '../../../../../src/lib/server/commands/command.js'
import {crdtCommands} from '../../../../../src/lib/server/commands/crdt/index.js'
import {CrdtDatabase} from '../../../../../src/lib/server/crdt/crdt-database.js'
import {attachDurability} from '../../../../../src/lib/server/crdt/durability/attach.js'
import {FakeCore} from '../../../../support/crdt/fake-core.js'
import {madeEffect} from '../../../../support/crdt/made-effect.js'
import type {Rig} from '../../rig.js'

export const CONFIG: CrdbConfig = {
  guid: '00000000-0000-4000-8000-000000000001',
  instances: [],
  name: 'db',
  removed: [],
  settings: CRDB_DEFAULTS,
  version: 1,
}

/** A node's part in a database whose engine is the fake; its keys show in the node's keyspace. */
export class FakeInstance {
  readonly core: FakeCore
  readonly crdt: CrdtDatabase

  constructor(
    readonly rig: Rig,
    region = 1,
    config = CONFIG,
  ) {
    const {server} = rig
    this.core = new FakeCore(region)
    this.crdt = new CrdtDatabase(server, this.core, region, config)
    server.crdt = this.crdt
    const table = server.commands as Map<string, Command>
    for (const command of crdtCommands) {
      table.set(command.name, command.copy())
      table.set(command.name.toUpperCase(), command.copy())
    }
    const db = server.databases[0]!
    this.core.observer = {
      assigned: () => undefined,
      changed: (slot, key) => {
        const visible = this.core.look(slot, key)
        if (visible === undefined) db.delete(key)
        else db.set(key, visible.text())
      },
      published: () => undefined,
    }
    attachDurability(this.crdt)
  }

  /** What a client's SET or DEL brings about. */
  set(key: string, text: string | null): void {
    const db = this.rig.server.databases[0]!
    if (text === null) db.delete(key)
    else db.set(key, text)
    this.crdt.made(madeEffect(this.core, this.core.set(key, text)))
  }

  /** All keys as clients see them. */
  keys(): Record<string, string> {
    const db = this.rig.server.databases[0]!
    return Object.fromEntries([...db.keys()].sort().map((key) => [key, String(db.peek(key))]))
  }

  digests(): string[] {
    return [...this.core.slots()].map((slot) => `${slot} ${this.core.digestSlot(slot)}`)
  }
}
