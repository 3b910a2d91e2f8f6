import {NodeActionCommand} from '../lib/cli/environment/node-action-command.js'
import {selectorArgs, selectorFlags} from '../lib/cli/environment/selectors.js'
import type {NodesChange} from '../lib/environment/node-actions.js'

export default class Unpause extends NodeActionCommand {
  static override summary = 'Wake up paused nodes of an environment.'
  static override description = 'Their connections are where they were. Who is not paused stays as it is.'

  static override examples = [
    '<%= config.bin %> <%= command.id %> n1',
    '<%= config.bin %> <%= command.id %> --all --name blue',
  ]

  static override args = selectorArgs
  static override flags = selectorFlags

  async run(): Promise<NodesChange> {
    return this.act(await this.parse(Unpause), {kind: 'unpause'}, ['awake', 'was not paused'])
  }
}
