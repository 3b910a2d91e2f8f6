import type {Command} from '../command.js'
import {defineCommand} from '../command.js'

type Topic = readonly [usage: string, ...lines: string[]]

/** The HELP subcommand of a container: one usage line and indented text per subcommand, as all of Redis's. */
export function helpSubcommand(
  container: string,
  facts: {readonly since: string; readonly acl?: readonly string[]; readonly group: Command['group']},
  topics: readonly Topic[],
): Command {
  return defineCommand({
    ...facts,
    name: 'help',
    arity: 2,
    flags: ['loading', 'stale'],
    run: ({reply}) => reply.simples(helpLines(container, topics)),
  })
}

export function helpLines(container: string, topics: readonly Topic[]): string[] {
  return [
    `${container} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`,
    ...topics.flatMap(([usage, ...lines]) => [usage, ...lines.map((line) => `    ${line}`)]),
    'HELP',
    '    Prints this help.',
  ]
}
