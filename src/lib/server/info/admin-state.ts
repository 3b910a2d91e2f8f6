import type {Server} from '../server.js'
import {RateSampler} from './rate-sampler.js'
import {SlowLog} from './slow-log.js'

/** What the administrative commands keep for one server beyond what the server itself needs. */
export interface AdminState {
  readonly slowLog: SlowLog
  readonly rates: RateSampler
  /** What the heap held when the node had started. */
  readonly startupBytes: number
  /** DEBUG PAUSE-CRON: the shell skips its periodic work while this is true. */
  cronPaused: boolean
}

/** Beside the servers instead of inside, and gone with them. */
const STATES = new WeakMap<Server, AdminState>()

export function adminStateOf(server: Server): AdminState {
  const known = STATES.get(server)
  if (known !== undefined) return known
  const fresh: AdminState = {
    slowLog: new SlowLog(),
    rates: new RateSampler(),
    startupBytes: server.effects.memory().heapUsed,
    cronPaused: false,
  }
  fresh.rates.sample({commands: 0, inputBytes: 0, outputBytes: 0}, server.startedMs)
  STATES.set(server, fresh)
  return fresh
}
