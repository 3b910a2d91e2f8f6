import {BaseCommand} from '../lib/cli/base-command.js'
import {environmentNameFlag} from '../lib/cli/environment/flags.js'
import {environmentParts} from '../lib/cli/environment/parts.js'
import {type DownResult, takeDown} from '../lib/environment/down.js'

export default class Down extends BaseCommand {
  static override summary = 'Stop a cluster that `up` started, and delete its data.'
  static override description = 'That there is no such environment is fine.'

  static override examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> --name blue']

  static override flags = {name: environmentNameFlag()}

  async run(): Promise<DownResult> {
    const {flags} = await this.parse(Down)
    const result = await takeDown(environmentParts(process.env), flags.name, this.signal)
    const {name, removed, stoppedNodes} = result
    this.note(
      removed
        ? `environment ${name} is gone, with its data; ${stoppedNodes.length} nodes stopped`
        : `there is no environment ${name}, nothing to do`,
    )
    return result
  }
}
