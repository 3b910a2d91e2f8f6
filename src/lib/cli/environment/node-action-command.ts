import {actOnNodes, type NodeAction, type NodesChange} from '../../environment/node-actions.js'
import {BaseCommand} from '../base-command.js'
import {durationFlag} from '../flags.js'
import {environmentParts} from './parts.js'
import {choiceFrom} from './selectors.js'

/** Of commands that end nodes. */
export const graceFlag = () =>
  durationFlag({
    default: 10_000,
    defaultHelp: async () => '10s',
    summary: 'How long a node may take to end before it is killed.',
  })

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
