import type {CommandDefinition, CommandGroup} from './command.js'

/** What COMMAND INFO prints of a command, beside its name and group. */
export type CommandFacts = Pick<CommandDefinition, 'arity' | 'since' | 'flags' | 'acl' | 'tips' | 'keys'>

/** All of a definition but what the command does: `defineCommand({...HASH.hget, run})`. */
export type NamedFacts = CommandFacts & Pick<CommandDefinition, 'name' | 'group'>

/**
 * The facts of one group by full name (`xgroup|create`), as redis-server 7.0 prints them. They stand apart from the
 * handlers, which are found by topic; test/interop/command-table.test.ts compares each with a real server.
 */
export function factsOf<Name extends string>(
  group: CommandGroup,
  facts: Readonly<Record<Name, CommandFacts>>,
): Readonly<Record<Name, NamedFacts>> {
  const named = Object.entries<CommandFacts>(facts).map(([fullName, each]) => {
    const name = fullName.slice(fullName.indexOf('|') + 1)
    return [fullName, {...each, group, name}]
  })
  return Object.fromEntries(named) as Record<Name, NamedFacts>
}
