import type {BusMessage} from '../protocol/bus/message.js'
import type {ClusterEffect} from '../server/cluster/types.js'

/** A vote, a request for votes, or the promotion itself. */
export function isOfFailover(effect: ClusterEffect): boolean {
  if (effect.kind === 'role-changed') return effect.primary === undefined
  if (effect.kind !== 'send') return false
  const {type} = effect.message.body
  return type === 'auth-request' || type === 'auth-ack'
}

/**
 * A PONG on a link that we dialled answers nothing: it is news of us, and the last one of a turn tells all. A window of
 * slots closed in one go would otherwise cost every node one claim per slot.
 */
export function latestNews(link: number, messages: readonly BusMessage[]): readonly BusMessage[] {
  if (link < 0 || messages.length === 1) return messages
  const last = messages.findLastIndex(({body}) => body.type === 'pong')
  return messages.filter(({body}, index) => body.type !== 'pong' || index === last)
}
