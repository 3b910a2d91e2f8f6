import {Args} from '@oclif/core'
import {BaseCommand} from '../lib/cli/base-command.js'
import {environmentNameFlag} from '../lib/cli/environment/flags.js'
import {environmentParts} from '../lib/cli/environment/parts.js'
import {runInPlace} from '../lib/cli/environment/run-in-place.js'
import {badFlag} from '../lib/cli/flags.js'
import {hasTerminal} from '../lib/cli/prompts.js'
import {openEnvironment, requireRunning} from '../lib/environment/open.js'

export default class Exec extends BaseCommand {
  static override enableJsonFlag = false
  static override summary = 'Run a command beside a node of an environment.'
  static override description =
    'In its container, or on this machine in its folder, with SHOAL_ENVIRONMENT, SHOAL_NODE, SHOAL_HOST and SHOAL_PORT set, ' +
    'and REDISCLI_AUTH where nodes want a password. Exits as the command does.'

  static override usage = '<%= command.id %> NODE [FLAGS] -- COMMAND [ARG...]'
  static override examples = [
    '<%= config.bin %> <%= command.id %> n1 -- ls -l',
    "<%= config.bin %> <%= command.id %> n1 --name blue -- sh -c 'redis-cli -p $SHOAL_PORT ping'",
  ]

  static override strict = false
  static override args = {
    node: Args.string({description: 'Name of the node.', required: true}),
    command: Args.string({description: 'The command and its arguments.', ignoreStdin: true}),
  }

  static override flags = {name: environmentNameFlag()}

  async run(): Promise<object> {
    const {args, argv, flags} = await this.parse(Exec)
    const [file, ...words] = (argv as string[]).slice(1)
    if (file === undefined) throw badFlag('No command to run', [`shoal exec ${args.node} -- ls -l`])
    const {engines, store} = environmentParts(process.env)
    const state = await openEnvironment(store, flags.name)
    const engine = engines.of(state.spec.engine)
    const ref = await requireRunning(engine, state, args.node)
    const {password} = state.spec
    const execution = engine.execution(ref, [file, ...words], {tty: hasTerminal()})
    const env = {...execution.env, ...(password !== undefined && {REDISCLI_AUTH: password})}
    this.exitAs(await runInPlace({...execution, env}, this.signal))
    return {}
  }
}
