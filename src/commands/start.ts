import {NodeActionCommand} from '../lib/cli/environment/node-action-command.js'
import {selectorArgs, selectorFlags} from '../lib/cli/environment/selectors.js'
import type {NodesChange} from '../lib/environment/node-actions.js'

export default class Start extends NodeActionCommand {
  static override summary = 'Start stopped nodes of an environment, with what they kept.'
  static override description =
    'Before a primary comes back with less than it had, a replica that has its data takes over. Ready when all nodes agree, ' +
    'if all of them run then. `up` starts all nodes that are down.'

  static override examples = [
    '<%= config.bin %> <%= command.id %> n1',
    '<%= config.bin %> <%= command.id %> --all --name blue',
  ]

  static override args = selectorArgs
  static override flags = selectorFlags

  async run(): Promise<NodesChange> {
    return this.act(await this.parse(Start), {kind: 'start'}, ['started', 'ran already'])
  }
}
