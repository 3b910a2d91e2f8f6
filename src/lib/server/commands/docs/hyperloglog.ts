import type {CommandDocs} from '../command.js'
import {key, str} from './build.js'

export const hyperloglogDocs: Readonly<Record<string, CommandDocs>> = {
  pfadd: {
    summary: 'Adds the specified elements to the specified HyperLogLog.',
    complexity: 'O(1) to add every element.',
    arguments: [key('key', 0), str('element', {optional: true, multiple: true})],
  },
  pfcount: {
    summary: 'Return the approximated cardinality of the set(s) observed by the HyperLogLog at key(s).',
    complexity:
      'O(1) with a very small average constant time when called with a single key. O(N) with N being the number of keys, and much bigger constant times, when called with multiple keys.',
    arguments: [key('key', 0, {multiple: true})],
  },
  pfdebug: {
    summary: 'Internal commands for debugging HyperLogLog values',
    complexity: 'N/A',
    docFlags: ['syscmd'],
    arguments: [str('subcommand'), key('key', 0)],
  },
  pfmerge: {
    summary: 'Merge N different HyperLogLogs into a single one.',
    complexity: 'O(N) to merge N HyperLogLogs, but with high constant times.',
    arguments: [key('destkey', 0), key('sourcekey', 1, {multiple: true})],
  },
  pfselftest: {summary: 'An internal command for testing HyperLogLog values', complexity: 'N/A', docFlags: ['syscmd']},
}
