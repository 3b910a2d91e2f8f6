import type {CommandDocs} from '../command.js'
import {key} from './build.js'

export const transactionsDocs: Readonly<Record<string, CommandDocs>> = {
  discard: {
    summary: 'Discard all commands issued after MULTI',
    complexity: 'O(N), when N is the number of queued commands',
  },
  exec: {summary: 'Execute all commands issued after MULTI', complexity: 'Depends on commands in the transaction'},
  multi: {summary: 'Mark the start of a transaction block', complexity: 'O(1)'},
  unwatch: {summary: 'Forget about all watched keys', complexity: 'O(1)'},
  watch: {
    summary: 'Watch the given keys to determine execution of the MULTI/EXEC block',
    complexity: 'O(1) for every key.',
    arguments: [key('key', 0, {multiple: true})],
  },
}
