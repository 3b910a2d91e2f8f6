import {graceFlag, NodeActionCommand} from '../lib/cli/environment/node-action-command.js'
import {selectorArgs, selectorFlags} from '../lib/cli/environment/selectors.js'
import type {NodesChange} from '../lib/environment/node-actions.js'

export default class Stop extends NodeActionCommand {
  static override summary = 'Stop nodes of an environment; they keep what `up --persistence` says.'
  static override description =
    'A node is asked to end, and killed if it does not. It stays a part of the environment: `start` or `up` bring it back, ' +
    '`down` deletes it.'

  static override examples = [
    '<%= config.bin %> <%= command.id %> n1',
    '<%= config.bin %> <%= command.id %> role:replica --name blue',
  ]

  static override args = selectorArgs
  static override flags = {...selectorFlags, grace: graceFlag()}

  async run(): Promise<NodesChange> {
    const parsed = await this.parse(Stop)
    return this.act(parsed, {graceMs: parsed.flags.grace, kind: 'stop'}, ['stopped', 'did not run'])
  }
}
