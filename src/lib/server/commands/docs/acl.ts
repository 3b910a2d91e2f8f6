import type {CommandDocs} from '../command.js'
import {int, oneof, str, word} from './build.js'

export const aclDocs: Readonly<Record<string, CommandDocs>> = {
  acl: {summary: 'A container for Access List Control commands ', complexity: 'Depends on subcommand.'},
  'acl|cat': {
    summary: 'List the ACL categories or the commands inside a category',
    complexity: 'O(1) since the categories and commands are a fixed set.',
    arguments: [str('categoryname', {optional: true})],
  },
  'acl|deluser': {
    summary: 'Remove the specified ACL users and the associated rules',
    complexity: 'O(1) amortized time considering the typical user.',
    arguments: [str('username', {multiple: true})],
  },
  'acl|dryrun': {
    summary: 'Returns whether the user can execute the given command without executing the command.',
    complexity: 'O(1).',
    arguments: [str('username'), str('command'), str('arg', {optional: true, multiple: true})],
  },
  'acl|genpass': {
    summary: 'Generate a pseudorandom secure password to use for ACL users',
    complexity: 'O(1)',
    arguments: [int('bits', {optional: true})],
  },
  'acl|getuser': {
    summary: 'Get the rules for a specific ACL user',
    complexity: 'O(N). Where N is the number of password, command and pattern rules that the user has.',
    history: [
      ['6.2.0', 'Added Pub/Sub channel patterns.'],
      [
        '7.0.0',
        'Added selectors and changed the format of key and channel patterns from a list to their rule representation.',
      ],
    ],
    arguments: [str('username')],
  },
  'acl|help': {summary: 'Show helpful text about the different subcommands', complexity: 'O(1)'},
  'acl|list': {
    summary: 'List the current ACL rules in ACL config file format',
    complexity: 'O(N). Where N is the number of configured users.',
  },
  'acl|load': {
    summary: 'Reload the ACLs from the configured ACL file',
    complexity: 'O(N). Where N is the number of configured users.',
  },
  'acl|log': {
    summary: 'List latest events denied because of ACLs in place',
    complexity: 'O(N) with N being the number of entries shown.',
    arguments: [oneof('operation', [int('count'), word('reset', 'RESET')], {optional: true})],
  },
  'acl|save': {
    summary: 'Save the current ACL rules in the configured ACL file',
    complexity: 'O(N). Where N is the number of configured users.',
  },
  'acl|setuser': {
    summary: 'Modify or create the rules for a specific ACL user',
    complexity: 'O(N). Where N is the number of rules provided.',
    history: [
      ['6.2.0', 'Added Pub/Sub channel patterns.'],
      ['7.0.0', 'Added selectors and key based permissions.'],
    ],
    arguments: [str('username'), str('rule', {optional: true, multiple: true})],
  },
  'acl|users': {
    summary: 'List the username of all the configured ACL rules',
    complexity: 'O(N). Where N is the number of configured users.',
  },
  'acl|whoami': {summary: 'Return the name of the user associated to the current connection', complexity: 'O(1)'},
}
