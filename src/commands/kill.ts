import {Flags} from '@oclif/core'
import {NodeActionCommand} from '../lib/cli/environment/node-action-command.js'
import {selectorArgs, selectorFlags} from '../lib/cli/environment/selectors.js'
import {parseSignal} from '../lib/cli/environment/signals.js'
import type {NodesChange} from '../lib/environment/node-actions.js'

export default class Kill extends NodeActionCommand {
  static override summary = 'Send nodes of an environment a signal: a crash, unless told otherwise.'
  static override description = 'A killed node saves nothing and tells nobody. `start` or `up` bring it back.'

  static override examples = [
    '<%= config.bin %> <%= command.id %> role:primary --name blue',
    '<%= config.bin %> <%= command.id %> n1 -s TERM',
  ]

  static override args = selectorArgs
  static override flags = {
    ...selectorFlags,
    signal: Flags.string({char: 's', default: 'KILL', helpValue: 'SIG', summary: 'The signal, by name or number.'}),
  }

  async run(): Promise<NodesChange> {
    const parsed = await this.parse(Kill)
    const signal = parseSignal(parsed.flags.signal)
    return this.act(parsed, {kind: 'kill', signal}, [signal === 'SIGKILL' ? 'killed' : `sent ${signal}`, 'did not run'])
  }
}
