import type {Database} from '../keyspace/database.js'
import type {Server} from '../server.js'

/** The command under way goes out as a deletion. @param unlinks - a lazyfree setting says so */
export function propagateDeletion(server: Server, db: Database, key: string, unlinks: boolean): void {
  server.state.propagation.instead(db.index, [unlinks ? 'UNLINK' : 'DEL', key])
}
