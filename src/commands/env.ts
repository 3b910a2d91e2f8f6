import {Flags} from '@oclif/core'
import {BaseCommand} from '../lib/cli/base-command.js'
import {environmentNameFlag} from '../lib/cli/environment/flags.js'
import {environmentParts} from '../lib/cli/environment/parts.js'
import {ACCESS_FORMATS, renderAccess} from '../lib/cli/render/access.js'
import {describeAccess, type EnvironmentAccess, instanceIn} from '../lib/environment/access.js'
import {openEnvironment} from '../lib/environment/open.js'
import {passwordOf} from '../lib/environment/spec.js'

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
    database: Flags.string({
      helpValue: 'NAME',
      summary: 'Participating clusters: of this database. The first without.',
    }),
    region: Flags.string({
      helpValue: 'NAME',
      summary: 'Participating clusters: of the instance in this region. The first without.',
    }),
    format: Flags.option({default: 'shell' as const, options: ACCESS_FORMATS, summary: 'What to print.'})(),
  }

  async run(): Promise<EnvironmentAccess> {
    const {flags} = await this.parse(Env)
    const {driver, store} = environmentParts(process.env)
    const {database, region} = flags
    const state = instanceIn(await openEnvironment(store, flags.name), {
      ...(database !== undefined && {database}),
      ...(region !== undefined && {region}),
    })
    const access = await describeAccess(driver, state, this.signal)
    const [node] = state.spec.nodes
    this.print(renderAccess(access, flags.format, node && passwordOf(state.spec, node)))
    return access
  }
}
