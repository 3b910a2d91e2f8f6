import type {ServerEffects} from '../effects.js'
import type {Server} from '../server.js'
import {type AdminState, adminStateOf} from './admin-state.js'

/** A line of INFO: `name:value`. */
export type InfoField = readonly [name: string, value: string | number]

/** What only the process can know about the machine. */
export interface HostFacts {
  /** `Linux 6.1.0 x86_64` */
  readonly os: string
  readonly monotonicClock: string
  /** How it waits for many sockets at once: `epoll`. */
  readonly polling: string
  /** Absolute path of what runs. */
  readonly executable: string
  readonly totalMemoryBytes: number
  /** Open links of the cluster bus. */
  readonly clusterConnections: number
}

/** A shell that can tell adds this to its effects; INFO leaves the fields out otherwise. */
export interface HostEffects {
  host(): HostFacts
}

/** Everything INFO is made from, read once. */
export interface InfoFacts {
  readonly server: Server
  readonly admin: AdminState
  /** Unix milliseconds. */
  readonly nowMs: number
  readonly memory: ReturnType<ServerEffects['memory']>
  readonly cpu: ReturnType<ServerEffects['cpu']>
  readonly host: HostFacts | undefined
}

function hasHost(effects: ServerEffects): effects is ServerEffects & HostEffects {
  return 'host' in effects
}

export function readFacts(server: Server, nowMs: number): InfoFacts {
  const {effects} = server
  const admin = adminStateOf(server)
  admin.rates.sample(server.stats, nowMs)
  return {
    server,
    admin,
    nowMs,
    memory: effects.memory(),
    cpu: effects.cpu(),
    host: hasHost(effects) ? effects.host() : undefined,
  }
}

const SIZES: readonly (readonly [limit: number, unit: string])[] = [
  [1024, 'B'],
  [1024 ** 2, 'K'],
  [1024 ** 3, 'M'],
  [1024 ** 4, 'G'],
  [1024 ** 5, 'T'],
]

/** `1.18M`, as the `..._human` fields show bytes. */
export function human(bytes: number): string {
  const step = SIZES.find(([limit]) => bytes < limit) ?? SIZES[SIZES.length - 1]!
  const [limit, unit] = step
  return unit === 'B' ? `${bytes}B` : `${((bytes * 1024) / limit).toFixed(2)}${unit}`
}
