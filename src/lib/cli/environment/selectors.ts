import {Args, Flags} from '@oclif/core'
import type {NodeChoice} from '../../environment/choose-nodes.js'
import {badFlag} from '../flags.js'
import {environmentNameFlag} from './flags.js'

/** Which nodes of an environment a command is about. */
export const selectorArgs = {
  selector: Args.string({
    description: 'Nodes: names, patterns such as n*, role:primary, shard:N, slot:N, key:NAME, region:NAME, random:N.',
    ignoreStdin: true,
    multiple: true,
  }),
}

export const selectorFlags = {
  name: environmentNameFlag(),
  all: Flags.boolean({summary: 'All nodes.'}),
}

/** @throws {CliError} BAD_FLAG for both, and for neither */
export function choiceFrom(command: string, selectors: readonly string[] | undefined, all: boolean): NodeChoice {
  const [first, ...rest] = selectors ?? []
  const some = first === undefined ? undefined : ([first, ...rest] as const)
  if (all && some) throw badFlag(`Which nodes? --all, or ${some.join(', ')}?`, [`shoal ${command} --all`])
  if (!all && !some)
    throw badFlag('Which nodes?', [`shoal ${command} n1`, `shoal ${command} role:replica`, `shoal ${command} --all`])
  return some ?? 'all'
}
