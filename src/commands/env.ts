import {Flags} from '@oclif/core'
import {BaseCommand} from '../lib/cli/base-command.js'
import {environmentNameFlag} from '../lib/cli/environment/flags.js'
import {environmentParts} from '../lib/cli/environment/parts.js'
import {ACCESS_FORMATS, renderAccess} from '../lib/cli/render/access.js'
import {describeAccess, type EnvironmentAccess} from '../lib/environment/access.js'
import {openEnvironment} from '../lib/environment/open.js'

export default class Env extends BaseCommand {
  static override summary = 'Print what an application needs to use an environment.'
  static override description =
    'shell: variables for eval "$(shoal env)", the password among them. json, ioredis, node-redis: the nodes; the password is named ' +
    'by the variable that holds it, and not shown. Where nodes announce addresses that this machine cannot reach, the map ' +
    'to those it can is printed too.'

  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --format ioredis --name blue',
  ]

  static override flags = {
    name: environmentNameFlag(),
    format: Flags.option({default: 'shell' as const, options: ACCESS_FORMATS, summary: 'What to print.'})(),
  }

  async run(): Promise<EnvironmentAccess> {
    const {flags} = await this.parse(Env)
    const {driver, store} = environmentParts(process.env)
    const state = await openEnvironment(store, flags.name)
    const access = await describeAccess(driver, state, this.signal)
    this.print(renderAccess(access, flags.format, state.spec.password))
    return access
  }
}
