import {ACL_CATEGORIES} from '../commands/command.js'
import type {CommandIds} from './command-ids.js'
import {MAY_READ, MAY_WRITE} from './needs.js'
import {type KeyPattern, Selector} from './selector.js'

/** Permissions as rules again, worded as redis-server words them: ACL LIST, ACL GETUSER, files. */

export function describeKeys({allKeys, keys}: Selector): string {
  return allKeys ? '~*' : keys.map(describePattern).join(' ')
}

function describePattern({glob, permissions}: KeyPattern): string {
  if (permissions === MAY_READ) return `%R~${glob}`
  return permissions === MAY_WRITE ? `%W~${glob}` : `~${glob}`
}

export function describeChannels({allChannels, channels}: Selector): string {
  return allChannels ? '&*' : channels.map((glob) => `&${glob}`).join(' ')
}

/** A whole selector, without parentheses. */
export function describeSelector(selector: Selector, ids: CommandIds): string {
  const parts = [describeKeys(selector)]
  if (!selector.allChannels) parts.push('resetchannels')
  parts.push(describeChannels(selector), describeCommands(selector, ids))
  return parts.filter((part) => part !== '').join(' ')
}

/**
 * The shortest rules Redis finds: from `+@all` or `-@all`, the category that fits best, again and again, then single
 * commands. A category fits if more of its commands differ from what has been said so far than do not.
 *
 * `told` follows what the rules written so far allow; `left` what they leave to say.
 */
export function describeCommands(selector: Selector, ids: CommandIds): string {
  const adds = !selector.allowsLater
  const told = new Selector(ids, false)
  told.setAllCommands(!adds)
  const left = selector.copy()
  const rules = [adds ? '-@all' : '+@all']
  const applied = new Set<number>()
  for (;;) {
    const best = bestCategory(left, ids, adds, applied)
    if (best < 0) break
    applied.add(best)
    told.setCategoryBit(1 << best, adds)
    left.setCategoryBit(1 << best, !adds)
    rules.push(`${adds ? '+' : '-'}@${ACL_CATEGORIES[best]}`)
  }
  for (const command of ids.all) {
    const {fullName, id} = command
    const isAllowed = selector.allowed[id] === 1
    if (isAllowed !== (told.allowed[id] === 1)) {
      rules.push(`${isAllowed ? '+' : '-'}${fullName}`)
      told.setCommand(command, isAllowed)
    }
    if (isAllowed) continue
    for (const first of selector.firstArguments.get(id) ?? []) rules.push(`+${fullName}|${first}`)
  }
  return rules.join(' ')
}

/** @returns Its index, -1 if none fits. */
function bestCategory(left: Selector, ids: CommandIds, adds: boolean, applied: ReadonlySet<number>): number {
  const [on, off] = countByCategory(left, ids)
  let best = -1
  for (let index = 0; index < ACL_CATEGORIES.length; index++) {
    if (applied.has(index)) continue
    const [same, different] = adds ? [on[index]!, off[index]!] : [off[index]!, on[index]!]
    if (same <= different) continue
    const [bestSame, bestDifferent] = adds ? [on[best], off[best]] : [off[best], on[best]]
    if (best < 0 || different < bestDifferent! || (different === bestDifferent && same > bestSame!)) best = index
  }
  return best
}

/** How many commands of each category are allowed, and how many are not. */
function countByCategory({allowed}: Selector, ids: CommandIds): [on: Int32Array, off: Int32Array] {
  const on = new Int32Array(ACL_CATEGORIES.length)
  const off = new Int32Array(ACL_CATEGORIES.length)
  for (const {categories, id} of ids.all) {
    const counts = allowed[id] === 1 ? on : off
    for (let bits = categories, index = 0; bits !== 0; bits >>>= 1, index++) if ((bits & 1) !== 0) counts[index]!++
  }
  return [on, off]
}
