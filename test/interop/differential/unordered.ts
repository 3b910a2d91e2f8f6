import {replyEnd} from '../../support/raw-resp.js'

/** Replies whose elements come in no defined order, brought into one. */

/** The elements of an aggregate, as they stand; undefined for anything else. */
export function elements(reply: string): string[] | undefined {
  if (!'*~%>'.includes(reply[0]!)) return undefined
  const found: string[] = []
  let at = reply.indexOf('\r\n') + 2
  while (at < reply.length) {
    const end = replyEnd(reply, at)!
    found.push(reply.slice(at, end))
    at = end
  }
  return found
}

/** @param group - so many elements belong together: 2 for fields and their values */
export function sorted(reply: string, group = 1): string {
  const items = elements(reply)
  if (items === undefined) return reply
  const groups: string[] = []
  for (let i = 0; i < items.length; i += group) groups.push(items.slice(i, i + group).join(''))
  return reply.slice(0, reply.indexOf('\r\n') + 2) + groups.sort().join('')
}

/** SSCAN and HSCAN: the second of two elements is what comes in no order. */
export function sortedPage(reply: string, group = 1): string {
  const items = elements(reply)
  return items?.length === 2 ? items[0] + sorted(items[1]!, group) : reply
}

/** At any depth, as EXEC's reply needs it. */
export function sortedDeep(reply: string): string {
  const items = elements(reply)
  if (items === undefined) return reply
  return reply.slice(0, reply.indexOf('\r\n') + 2) + items.map(sortedDeep).sort().join('')
}

/** Of what is chosen by chance: the kind of reply, how many, and of what kind each. */
export function shape(reply: string): string {
  const items = elements(reply)
  return items === undefined ? reply[0]! : reply.slice(0, reply.indexOf('\r\n')) + items.map(shape).join('')
}

/** A command's reply with what comes in the order of a hash table brought into one order. */
export function unorderedReply(command: readonly string[], reply: string): string {
  switch (command[0]!.toUpperCase()) {
    case 'SMEMBERS':
    case 'SINTER':
    case 'SUNION':
    case 'SDIFF':
    case 'SPOP':
    case 'HKEYS':
    case 'HVALS':
      return sorted(reply)
    case 'HGETALL':
      return sorted(reply, 2)
    case 'SSCAN':
      return sortedPage(reply)
    case 'HSCAN':
      return sortedPage(reply, 2)
    default:
      return reply
  }
}
