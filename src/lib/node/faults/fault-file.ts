import {readFileSync} from 'node:fs'
import {messageOf} from '../../kernel/errors.js'
import {parseTable, type RuleTable, Words} from '../../server/commands/server/fault/rule-words.js'

/**
 * The faults that a node starts with: what would follow SHOAL.FAULT SET, in words apart. They hold before it dials anybody.
 *
 * @throws Error that names the file: a node that should be cut off must not speak to others because it could not be read
 */
export function readFaultFile(path: string): RuleTable {
  try {
    const words = readFileSync(path, 'utf8').split(/\s+/)
    return parseTable(
      new Words(
        words.filter((word) => word !== ''),
        0,
      ),
    )
  } catch (error) {
    throw new Error(`Can't load the faults of ${path}: ${messageOf(error)}`)
  }
}
