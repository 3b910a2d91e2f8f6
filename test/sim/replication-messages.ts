import type {Item, Socket} from './network.js'
import type {SimMessage} from './world.js'

/** One change of the data set, or a PING, which has no key. Each moves the offset by one. */
export interface StreamEntry {
  readonly offset: number
  readonly key?: string
  /** Undefined: the key is deleted. */
  readonly value?: string | undefined
}

/** What travels between a replica and its primary. */
export type ReplicationMessage =
  | {
      readonly kind: 'psync'
      readonly node: number
      /** Id of the node that is expected there. */
      readonly to: string
      readonly history: string
      readonly offset: number
    }
  | {readonly kind: 'ack'; readonly offset: number}
  | {readonly kind: 'continue'; readonly history: string}
  /** The replica drops what it has; its copy follows. */
  | {readonly kind: 'full-start'}
  | {
      readonly kind: 'full'
      readonly history: string
      readonly offset: number
      readonly entries: readonly (readonly [string, string])[]
    }
  | ({readonly kind: 'entry'} & StreamEntry)

/** As an RDB file has it. */
export interface Snapshot {
  readonly history: string
  readonly offset: number
  readonly entries: readonly (readonly [string, string])[]
}

export function send(socket: Socket<SimMessage>, message: ReplicationMessage): void {
  socket.write({kind: 'message', message})
}

export function messageIn(item: Item<SimMessage>): ReplicationMessage | undefined {
  return item.kind === 'message' && 'kind' in item.message ? item.message : undefined
}
