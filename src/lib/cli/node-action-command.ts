import {Args, Flags} from '@oclif/core'
import type {NodeChoice} from '../environment/choose-nodes.js'
import {actOnNodes, type NodeAction, type NodesChange} from '../environment/node-actions.js'
import {BaseCommand} from './base-command.js'
import {environmentParts} from './environment-parts.js'
import {badFlag, durationFlag} from './flags.js'
import {environmentNameFlag} from './flags-environment.js'

/** Which nodes of an environment a command is about. */
export const selectorArgs = {
  selector: Args.string({
    description: 'Nodes: a name or a pattern, role:primary, shard:N, slot:N, key:NAME, region:NAME.',
    ignoreStdin: true,
    multiple: true,
  }),
}

export const selectorFlags = {
  name: environmentNameFlag(),
  all: Flags.boolean({summary: 'All nodes.'}),
}

export const graceFlag = () =>
  durationFlag({
    default: 10_000,
    defaultHelp: async () => '10s',
    summary: 'How long a node may take to end before it is killed.',
  })

/** @throws {CliError} BAD_FLAG for both, and for neither */
export function choiceFrom(command: string, selectors: readonly string[] | undefined, all: boolean): NodeChoice {
  const some = selectors ?? []
  if (all && some.length > 0) throw badFlag(`Which nodes? --all, or ${some.join(', ')}?`, [`shoal ${command} --all`])
  if (!all && some.length === 0)
    throw badFlag('Which nodes?', [`shoal ${command} n1`, `shoal ${command} role:replica`, `shoal ${command} --all`])
  return all ? 'all' : some
}

/** A command that does one thing to some nodes of an environment. */
export abstract class NodeActionCommand extends BaseCommand {
  static override usage = '<%= command.id %> SELECTOR... | --all [FLAGS]'

  /** @param words - what was done and what needed not to be, as `started`, `ran already` */
  protected async act(
    {args, flags}: {args: {selector: string[] | undefined}; flags: {all: boolean; name: string}},
    action: NodeAction,
    words: readonly [done: string, already: string],
  ): Promise<NodesChange> {
    const choice = choiceFrom(action.kind, args.selector, flags.all)
    const parts = environmentParts(process.env)
    const result = await actOnNodes(parts, flags.name, choice, action, this.signal, (text) => this.progress(text))
    const {changed, unchanged} = result
    const [done, already] = words
    if (changed.length > 0) this.note(`${changed.join(', ')}: ${done}`)
    if (unchanged.length > 0) this.note(`${unchanged.join(', ')}: ${already}`)
    return result
  }
}
