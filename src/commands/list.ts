import {BaseCommand} from '../lib/cli/base-command.js'
import {environmentParts} from '../lib/cli/environment/parts.js'
import {renderEnvironmentList} from '../lib/cli/render/environment-list.js'
import {type EnvironmentSummary, summarize} from '../lib/environment/list.js'
import {statusOf} from '../lib/environment/status.js'

export default class List extends BaseCommand {
  static override summary = 'List environments, one line each.'
  static override description = 'Their nodes: see `ps`.'
  static override examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> --json']

  async run(): Promise<{environments: EnvironmentSummary[]}> {
    await this.parse(List)
    const environments = (await statusOf(environmentParts(process.env), this.signal)).map(summarize)
    this.print(renderEnvironmentList(environments, this.style))
    return {environments}
  }
}
