import type {CrdtIdentity, FormerDatabase} from '../../persistence/state-source.js'
import type {Server} from '../../server.js'

/** In the append-only file, from where on its effects are of the database that the node joined then: CRDT.BEGIN guid region. */
export const BEGIN = 'CRDT.BEGIN'

/**
 * What files hold of a database that the node has left since. A file is written anew after that, and until then there may be
 *
 *     snapshot or effects of the former one   plain commands   CRDT.BEGIN   effects of the one of today
 *
 * of which the last two, or, outside of databases, the plain commands are what is there. So a crash at any moment between
 * leaving, joining and writing the file anew brings nothing back, and loses nothing of later.
 */
export class FormerData implements FormerDatabase {
  /** Something was left out: the files are to be written anew. */
  hasLeftOut = false
  /** Effects that come are not of the database of today. */
  private isOver: boolean

  /** @param left - undefined: none that is known of */
  constructor(
    private readonly server: Server,
    private readonly left: CrdtIdentity | undefined,
  ) {
    this.isOver = server.crdt === undefined
  }

  isOf({guid, region}: CrdtIdentity): boolean {
    this.isOver = this.left?.guid === guid && this.left.region === region
    this.hasLeftOut ||= this.isOver
    return this.isOver
  }

  leavesOut([name, guid = '', region]: readonly string[]): boolean {
    const word = name!.toUpperCase()
    if (!word.startsWith('CRDT.')) return false
    if (word === BEGIN) {
      const {crdt} = this.server
      this.isOver = crdt?.durability.isOf({guid, region: Number(region)}) !== true
      crdt?.core.clear()
    } else if (!this.isOver) return false
    this.hasLeftOut ||= this.isOver
    // A database begins with nothing, and shows nothing but what its effects make.
    for (const db of this.server.databases) if (db.size > 0) db.flush()
    return true
  }
}
