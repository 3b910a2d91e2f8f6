import type {ReplicaWait} from '../durability/replica-wait.js'
import type {OwnAccess} from './access.js'
import type {Keeping} from './acknowledgements.js'
import type {PeerEffects} from './effects.js'
import type {OwnPlace} from './own-place.js'

/** What `Peers` asks of the node around it. */
export interface PeersHost {
  readonly effects: PeerEffects
  /** Monotonic milliseconds. */
  nowMs(): number
  place(): OwnPlace
  readonly ownAccess: OwnAccess
  isMemoryExceeded(): boolean
  /** As of `ScoutHost`. That it is not taken is for the log. */
  takeConfig(answer: string): void
  /** Clients' writes are refused with this text; undefined: not any more. */
  refuseWrites(text: string | undefined): void
  readonly keeping: Keeping
  readonly replicaWait: Pick<ReplicaWait, 'begin' | 'isOver'>
  log(level: 'notice' | 'warning', text: string): void
}
