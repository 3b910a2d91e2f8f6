import {graceFlag, NodeActionCommand} from '../lib/cli/environment/node-action-command.js'
import {selectorArgs, selectorFlags} from '../lib/cli/environment/selectors.js'
import type {NodesChange} from '../lib/environment/node-actions.js'

export default class Restart extends NodeActionCommand {
  static override summary = 'Stop nodes of an environment and start them again.'
  static override description =
    'Replicas first. A primary that would come back with less than it had goes when a replica has its data, which takes ' +
    'over. Nodes that do not run are started.'

  static override examples = [
    '<%= config.bin %> <%= command.id %> n1',
    '<%= config.bin %> <%= command.id %> --all --name blue',
  ]

  static override args = selectorArgs
  static override flags = {...selectorFlags, grace: graceFlag()}

  async run(): Promise<NodesChange> {
    const parsed = await this.parse(Restart)
    return this.act(parsed, {graceMs: parsed.flags.grace, kind: 'restart'}, ['restarted', 'left as it was'])
  }
}
