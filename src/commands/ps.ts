import {Flags} from '@oclif/core'
import {BaseCommand} from '../lib/cli/base-command.js'
import {environmentParts} from '../lib/cli/environment/parts.js'
import {renderEnvironments} from '../lib/cli/render/environment.js'
import {requireEnvironmentName} from '../lib/environment/spec.js'
import {type EnvironmentStatus, statusOf} from '../lib/environment/status.js'

export default class Ps extends BaseCommand {
  static override summary = 'List environments and their nodes.'
  static override description = 'What runs is read from the process table, what a node does from the node itself.'

  static override examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> --json']

  static override flags = {
    name: Flags.string({helpValue: 'NAME', summary: 'This environment only.'}),
  }

  async run(): Promise<{environments: EnvironmentStatus[]}> {
    const {flags} = await this.parse(Ps)
    const only = flags.name === undefined ? undefined : requireEnvironmentName(flags.name)
    const environments = await statusOf(environmentParts(process.env), this.signal, only)
    this.print(renderEnvironments(environments, this.style))
    return {environments}
  }
}
