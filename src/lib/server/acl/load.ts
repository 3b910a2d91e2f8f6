import {trimLine} from '../config/syntax.js'
import {RuleError, UNKNOWN_NAME} from './rule-error.js'
import {hasBlank} from './selector.js'
import {mergeSelectors, User, type UserSurroundings} from './user.js'

/** A refused ACL file; the message names every bad line, as Redis reports it. */
export class AclFileError extends Error {
  override readonly name = 'AclFileError'
}

/**
 * The users of an ACL file: a line `user NAME RULE ...` each, words separated by one blank; blank lines are skipped.
 *
 * @param fileName - for the report
 * @throws {@link AclFileError} if any line is wrong; nothing is taken from such a file
 */
export function readUsers(text: string, fileName: string, surroundings: UserSurroundings): Map<string, User> {
  const users = new Map<string, User>()
  let errors = ''
  text.split('\n').forEach((raw, index) => {
    const line = trimLine(raw)
    if (line === '') return
    const place = `${fileName}:${index + 1}`
    const [word, name, ...rules] = line.split(' ')
    if (word !== 'user' || name === undefined) {
      errors += `${place} should start with user keyword followed by the username. `
    } else if (hasBlank(name)) {
      errors += `'${place}: username '${name}' contains invalid characters. `
    } else if (users.has(name)) {
      errors += `WARNING: Duplicate user '${name}' found on line ${index + 1}. `
    } else {
      const user = new User(name, surroundings)
      users.set(name, user)
      errors += applyLine(user, rules, place)
    }
  })
  if (errors === '') return users
  throw new AclFileError(
    `${errors}WARNING: ACL errors detected, no change to the previously active ACL rules was performed`,
  )
}

/** @returns What is wrong, '' if nothing. */
function applyLine(user: User, words: readonly string[], place: string): string {
  const merged = mergeSelectors(words)
  if ('unmatched' in merged) return `${place}: Unmatched parenthesis in selector definition. `
  let errors = ''
  let hasOther = false
  for (const rule of merged.rules) {
    const reason = refusalOf(user, rule)
    if (reason === undefined) continue
    // Unknown names hint at another version and are worth all showing; what follows another error may come of it.
    if (reason === UNKNOWN_NAME) errors += `${place}: Error in applying operation '${rule}': ${reason}. `
    else if (!hasOther) errors += `${place}: ${reason}. `
    hasOther ||= reason !== UNKNOWN_NAME
  }
  return errors
}

/** @returns Redis's reason, undefined if the rule was applied */
export function refusalOf(user: User, rule: string): string | undefined {
  try {
    user.apply(rule)
    return undefined
  } catch (error) {
    if (error instanceof RuleError) return error.message
    throw error
  }
}
