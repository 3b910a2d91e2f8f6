import type {Keep} from '../journal.js'
import type {BusyKeyRule} from '../migration/types.js'

/** Which copy of a key stays that both ends of a step have. */

/** The owner is where the keys come from. */
export function moveRule(keep: Keep | undefined): BusyKeyRule {
  return {equal: 'replace', different: keep === undefined ? 'report' : keep === 'owner' ? 'replace' : 'drop'}
}

/**
 * The owner is where the keys go to, and clients write there: a copy that was the same a moment ago must not be sent over
 * what they have written since.
 */
export function gatherRule(keep: Keep | undefined): BusyKeyRule {
  return {equal: 'drop', different: keep === undefined ? 'report' : keep === 'owner' ? 'drop' : 'replace'}
}
