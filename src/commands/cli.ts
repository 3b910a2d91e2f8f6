import {Args} from '@oclif/core'
import {BaseCommand} from '../lib/cli/base-command.js'
import {environmentParts} from '../lib/cli/environment-parts.js'
import {environmentNameFlag} from '../lib/cli/flags-environment.js'
import {runInPlace} from '../lib/cli/run-in-place.js'
import {thisMachine} from '../lib/environment/doctor/machine.js'
import {openEnvironment, requireRunning} from '../lib/environment/open.js'
import {HOST} from '../lib/environment/spec.js'
import {CliError} from '../lib/kernel/errors.js'

const PROGRAMS = ['redis-cli', 'valkey-cli']

export default class Cli extends BaseCommand {
  static override enableJsonFlag = false
  static override summary = 'Talk to a node of an environment with redis-cli.'
  static override description =
    'The redis-cli or valkey-cli of PATH, connected to the node, following redirects in a cluster. The password is handed over by ' +
    'REDISCLI_AUTH, which no process list shows. Exits as it does.'

  static override usage = '<%= command.id %> NODE [FLAGS] [-- ARG...]'
  static override examples = [
    '<%= config.bin %> <%= command.id %> n1',
    '<%= config.bin %> <%= command.id %> n1 --name blue -- --raw get greeting',
  ]

  static override strict = false
  static override args = {
    node: Args.string({description: 'Name of the node.', required: true}),
    arguments: Args.string({description: 'What redis-cli is given; a prompt without.', ignoreStdin: true}),
  }

  static override flags = {name: environmentNameFlag()}

  async run(): Promise<object> {
    const {args, argv, flags} = await this.parse(Cli)
    const {engines, store} = environmentParts(process.env)
    const state = await openEnvironment(store, flags.name)
    const {engine, nodes, password, topology} = state.spec
    await requireRunning(engines.of(engine), state, args.node)
    const port = nodes.find(({name}) => name === args.node)?.port
    const where = ['-h', HOST, '-p', String(port), ...(topology === 'cluster' ? ['-c'] : [])]
    const env = password === undefined ? {} : {REDISCLI_AUTH: password}
    const file = await this.program()
    this.exitAs(await runInPlace({args: [...where, ...(argv as string[]).slice(1)], env, file}, this.signal))
    return {}
  }

  private async program(): Promise<string> {
    const machine = thisMachine(process.env)
    for (const name of PROGRAMS) {
      const found = await machine.findProgram(name)
      if (found !== undefined) return found
    }
    throw new CliError('ENVIRONMENT_LACKS', 'neither redis-cli nor valkey-cli is on PATH', {
      suggestions: ['Install redis-tools.', 'shoal call 127.0.0.1:PORT COMMAND'],
    })
  }
}
