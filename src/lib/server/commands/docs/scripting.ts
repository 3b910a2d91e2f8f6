import type {CommandDocs} from '../command.js'
import {int, key, oneof, str, word} from './build.js'

export const scriptingDocs: Readonly<Record<string, CommandDocs>> = {
  eval: {
    summary: 'Execute a Lua script server side',
    complexity: 'Depends on the script that is executed.',
    arguments: [
      str('script'),
      int('numkeys'),
      key('key', 0, {optional: true, multiple: true}),
      str('arg', {optional: true, multiple: true}),
    ],
  },
  eval_ro: {
    summary: 'Execute a read-only Lua script server side',
    complexity: 'Depends on the script that is executed.',
    arguments: [
      str('script'),
      int('numkeys'),
      key('key', 0, {optional: true, multiple: true}),
      str('arg', {optional: true, multiple: true}),
    ],
  },
  evalsha: {
    summary: 'Execute a Lua script server side',
    complexity: 'Depends on the script that is executed.',
    arguments: [
      str('sha1'),
      int('numkeys'),
      key('key', 0, {optional: true, multiple: true}),
      str('arg', {optional: true, multiple: true}),
    ],
  },
  evalsha_ro: {
    summary: 'Execute a read-only Lua script server side',
    complexity: 'Depends on the script that is executed.',
    arguments: [
      str('sha1'),
      int('numkeys'),
      key('key', 0, {optional: true, multiple: true}),
      str('arg', {optional: true, multiple: true}),
    ],
  },
  fcall: {
    summary: 'Invoke a function',
    complexity: 'Depends on the function that is executed.',
    arguments: [
      str('function'),
      int('numkeys'),
      key('key', 0, {optional: true, multiple: true}),
      str('arg', {optional: true, multiple: true}),
    ],
  },
  fcall_ro: {
    summary: 'Invoke a read-only function',
    complexity: 'Depends on the function that is executed.',
    arguments: [
      str('function'),
      int('numkeys'),
      key('key', 0, {optional: true, multiple: true}),
      str('arg', {optional: true, multiple: true}),
    ],
  },
  function: {summary: 'A container for function commands', complexity: 'Depends on subcommand.'},
  'function|delete': {summary: 'Delete a function by name', complexity: 'O(1)', arguments: [str('library-name')]},
  'function|dump': {
    summary: 'Dump all functions into a serialized binary payload',
    complexity: 'O(N) where N is the number of functions',
  },
  'function|flush': {
    summary: 'Deleting all functions',
    complexity: 'O(N) where N is the number of functions deleted',
    arguments: [oneof('async', [word('async', 'ASYNC'), word('sync', 'SYNC')], {optional: true})],
  },
  'function|help': {summary: 'Show helpful text about the different subcommands', complexity: 'O(1)'},
  'function|kill': {summary: 'Kill the function currently in execution.', complexity: 'O(1)'},
  'function|list': {
    summary: 'List information about all the functions',
    complexity: 'O(N) where N is the number of functions',
    arguments: [
      str('library-name-pattern', {token: 'LIBRARYNAME', optional: true}),
      word('withcode', 'WITHCODE', {optional: true}),
    ],
  },
  'function|load': {
    summary: 'Create a function with the given arguments (name, code, description)',
    complexity: 'O(1) (considering compilation time is redundant)',
    arguments: [word('replace', 'REPLACE', {optional: true}), str('function-code')],
  },
  'function|restore': {
    summary: 'Restore all the functions on the given payload',
    complexity: 'O(N) where N is the number of functions on the payload',
    arguments: [
      str('serialized-value'),
      oneof('policy', [word('flush', 'FLUSH'), word('append', 'APPEND'), word('replace', 'REPLACE')], {optional: true}),
    ],
  },
  'function|stats': {
    summary: 'Return information about the function currently running (name, description, duration)',
    complexity: 'O(1)',
  },
  script: {summary: 'A container for Lua scripts management commands', complexity: 'Depends on subcommand.'},
  'script|debug': {
    summary: 'Set the debug mode for executed scripts.',
    complexity: 'O(1)',
    arguments: [oneof('mode', [word('yes', 'YES'), word('sync', 'SYNC'), word('no', 'NO')])],
  },
  'script|exists': {
    summary: 'Check existence of scripts in the script cache.',
    complexity: 'O(N) with N being the number of scripts to check (so checking a single script is an O(1) operation).',
    arguments: [str('sha1', {multiple: true})],
  },
  'script|flush': {
    summary: 'Remove all the scripts from the script cache.',
    complexity: 'O(N) with N being the number of scripts in cache',
    history: [['6.2.0', 'Added the `ASYNC` and `SYNC` flushing mode modifiers.']],
    arguments: [oneof('async', [word('async', 'ASYNC'), word('sync', 'SYNC')], {since: '6.2.0', optional: true})],
  },
  'script|help': {summary: 'Show helpful text about the different subcommands', complexity: 'O(1)'},
  'script|kill': {summary: 'Kill the script currently in execution.', complexity: 'O(1)'},
  'script|load': {
    summary: 'Load the specified Lua script into the script cache.',
    complexity: 'O(N) with N being the length in bytes of the script body.',
    arguments: [str('script')],
  },
}
