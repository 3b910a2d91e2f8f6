import {pause} from '../../client/abort.js'
import {parseInfo} from '../../client/cluster-nodes.js'
import type {WireReply} from '../../client/migration/reply-reader.js'
import {CliError} from '../../kernel/errors.js'
import type {Emit, Endpoint, EpochWatch} from './types.js'

const POLL_MS_FIRST = 10
const POLL_MS_MAX = 200

export interface Epochs {
  /** The highest the node knows of anybody. */
  readonly current: number
  /** The node's own configuration. */
  readonly own: number
}

/** @returns undefined if the reply is not a CLUSTER INFO */
export function readEpochs(reply: WireReply | undefined): Epochs | undefined {
  if (typeof reply !== 'string') return undefined
  const fields = parseInfo(reply)
  const current = Number(fields.get('cluster_current_epoch'))
  const own = Number(fields.get('cluster_my_epoch'))
  return Number.isInteger(current) && Number.isInteger(own) ? {current, own} : undefined
}

/**
 * The epoch barrier: waits until the target itself knows an epoch as high as any node's.
 *
 * A target that takes a slot bumps its epoch only past what *it* has heard of. With a stale idea of the maximum it takes
 * too low an epoch, loses the slot to the old owner's next gossip, and deletes the keys as dirty. Gossip brings the
 * epoch within a ping round, so waiting is enough; BUMPEPOCH would not help, since it too counts from what the target
 * has heard. If gossip does not bring it, the target is cut off from somebody and must not take slots.
 *
 * @throws {CliError} NODES_DISAGREE after `timeoutMs`
 */
export async function epochBarrier(target: Endpoint, epochs: EpochWatch, timeoutMs: number, emit: Emit): Promise<void> {
  const start = performance.now()
  for (let waitMs = POLL_MS_FIRST; ; waitMs = Math.min(waitMs * 2, POLL_MS_MAX)) {
    const [reply] = await target.wire.send([['CLUSTER', 'INFO']])
    const known = readEpochs(reply)
    const waitedMs = Math.round(performance.now() - start)
    if (known && known.current >= epochs.highest) {
      epochs.highest = Math.max(epochs.highest, known.current)
      emit({event: 'barrier', node: target.id, waitedMs})
      return
    }
    if (waitedMs + waitMs >= timeoutMs) {
      throw new CliError(
        'NODES_DISAGREE',
        `${target.name} knows epoch ${known?.current ?? '?'}, but others are at ${epochs.highest}: ` +
          `it would lose the slots it takes (waited ${waitedMs} ms)`,
        {details: {nodeId: target.id, known: known?.current ?? null, highest: epochs.highest}},
      )
    }
    await pause(waitMs)
  }
}
