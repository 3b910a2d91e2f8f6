import type {Server} from '../../server.js'
import type {CrdtDatabase} from '../crdt-database.js'
import {isKept, momentOf} from '../durability/moments.js'
import {ReplicaWait} from '../durability/replica-wait.js'
import {crdtEffects, type PeerEffects} from './effects.js'
import type {OwnPlace} from './own-place.js'
import {Peers} from './peers.js'

/**
 * Links the node to other regions from now on. It must be in its cluster, with its data loaded.
 *
 * @param mustCatchUp - see `Peers`
 */
export function attachPeers(database: CrdtDatabase, effects: PeerEffects, mustCatchUp: boolean): Peers {
  const {server} = database
  const peers = new Peers(
    database,
    {
      effects,
      isMemoryExceeded: () => server.memory.isExceeded,
      keeping: {isKept: (moment) => isKept(server, moment), moment: () => momentOf(server)},
      log: (level, text) => server.effects.log(level, text),
      nowMs: () => server.effects.monotonicUs() / 1000,
      get ownAccess() {
        const {masterauth, masteruser} = server.config.values
        return {
          password: masterauth === '' ? undefined : masterauth,
          username: masteruser === '' ? undefined : masteruser,
        }
      },
      replicaWait: new ReplicaWait(server),
      place: () => placeOf(server),
      refuseWrites: (text) => database.refuseWrites(text),
      takeConfig: (answer) => {
        const {region} = database
        crdtEffects(server)?.useCrdt(
          (shell) => shell.take(region, JSON.stringify(JSON.parse(answer).config)),
          (error) => {
            if (error !== undefined) server.effects.log('warning', `A later configuration is not taken: ${error}`)
          },
        )
      },
    },
    mustCatchUp,
  )
  database.peers = peers
  return peers
}

function placeOf({cluster}: Server): OwnPlace {
  const myself = cluster?.core.myself
  if (myself === undefined) return {isPrimary: false, nodeId: '', slots: []}
  return {isPrimary: myself.isPrimary, nodeId: myself.id, slots: myself.slots.ranges()}
}
