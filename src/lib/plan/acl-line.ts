/*
 * Lines of ACL LIST, as `user NAME on #HASH ~* &* -@all +get +set`. Two nodes may tell one user in two ways: passwords and
 * patterns stand in the order they were given, and redis-server 7.0 tells rules on commands in that of a hash table, which
 * is another at each node.
 */

const PASSWORD_OR_PATTERN = /^[#~&%]/
/** On one command or subcommand; those on categories and on all commands undo what stands before them. */
const COMMAND = /^[+-](?!@)/

/** @returns the line so that it is the same for users who may do the same */
export function canonicalUser(line: string): string {
  const [kind = '', name = '', ...rules] = wordsOf(line)
  return [kind, name, canonicalRules(rules)].join(' ')
}

/** A selector in parentheses is one word. */
function wordsOf(text: string): string[] {
  return text.match(/\([^)]*\)|\S+/g) ?? []
}

function canonicalRules(rules: readonly string[]): string {
  const unordered = rules.filter((rule) => PASSWORD_OR_PATTERN.test(rule)).sort()
  const selectors = rules
    .filter((rule) => rule.startsWith('('))
    .map((text) => `(${canonicalRules(wordsOf(text.slice(1, -1)))})`)
  const ordered: string[] = []
  let commands: string[] = []
  const flush = () => {
    ordered.push(...sortedCommands(commands))
    commands = []
  }
  for (const rule of rules) {
    if (PASSWORD_OR_PATTERN.test(rule) || rule.startsWith('(')) continue
    if (COMMAND.test(rule)) {
      commands.push(rule)
      continue
    }
    flush()
    ordered.push(rule)
  }
  flush()
  return [...ordered, ...unordered, ...selectors.sort()].join(' ')
}

/** Rules on two commands do not touch each other; of those on one, the later wins. */
function sortedCommands(rules: readonly string[]): string[] {
  const byCommand = new Map<string, string[]>()
  for (const rule of rules) {
    const command = rule.slice(1).split('|')[0] ?? ''
    byCommand.set(command, [...(byCommand.get(command) ?? []), rule])
  }
  return [...byCommand].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([, own]) => sortedRuns(own))
}

/** Neighbours that all allow, or all deny, may change places. */
function sortedRuns(rules: readonly string[]): string[] {
  const runs: string[][] = []
  for (const rule of rules) {
    const run = runs.at(-1)
    if (run?.[0]?.[0] === rule[0]) run?.push(rule)
    else runs.push([rule])
  }
  return runs.flatMap((run) => run.sort())
}
