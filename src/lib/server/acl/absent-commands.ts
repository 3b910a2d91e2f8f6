/**
 * Commands of Redis 7.0 that this node lacks, with their categories: access rules may name them all the same.
 *
 * test/interop/absent-commands.test.ts compares the list with a real server; with UPDATE_GOLDEN=1 it writes it anew.
 */
export const ABSENT_COMMANDS: Readonly<Record<string, string>> = {
  module: 'slow',
  'module|help': 'slow',
  'module|list': 'admin slow dangerous',
  'module|load': 'admin slow dangerous',
  'module|loadex': 'admin slow dangerous',
  'module|unload': 'admin slow dangerous',
}
