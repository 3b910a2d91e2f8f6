import {NodeActionCommand} from '../lib/cli/environment/node-action-command.js'
import {selectorArgs, selectorFlags} from '../lib/cli/environment/selectors.js'
import type {NodesChange} from '../lib/environment/node-actions.js'

export default class Pause extends NodeActionCommand {
  static override summary = 'Freeze nodes of an environment: they keep their connections and answer nobody.'
  static override description =
    'To clients it is a node that hangs. Woken up by `unpause`, a redis-server that is a primary may acknowledge writes that ' +
    'waited, before it hears that another took its place: they are lost. An embedded primary serves nobody until it could ' +
    'hear. Paused again, nothing happens.'

  static override examples = [
    '<%= config.bin %> <%= command.id %> n1',
    '<%= config.bin %> <%= command.id %> shard:0 --name blue',
  ]

  static override args = selectorArgs
  static override flags = selectorFlags

  async run(): Promise<NodesChange> {
    return this.act(await this.parse(Pause), {kind: 'pause'}, ['paused', 'paused already, or not running'])
  }
}
