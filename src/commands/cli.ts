import {Args, Flags} from '@oclif/core'
import {BaseCommand} from '../lib/cli/base-command.js'
import {environmentNameFlag} from '../lib/cli/environment/flags.js'
import {environmentParts} from '../lib/cli/environment/parts.js'
import {runInPlace} from '../lib/cli/environment/run-in-place.js'
import {thisMachine} from '../lib/environment/doctor/machine.js'
import {openEnvironment, requireRunning} from '../lib/environment/open.js'
import {HOST, passwordOf, type SpecNode} from '../lib/environment/spec.js'
import {defaultStateFolder} from '../lib/environment/state-folder.js'

const PROGRAMS = ['redis-cli', 'valkey-cli']

export default class Cli extends BaseCommand {
  static override enableJsonFlag = false
  static override summary = 'Talk to a node of an environment: redis-cli, or a prompt of its own.'
  static override description =
    'The redis-cli or valkey-cli of PATH, connected to the node, following redirects in a cluster. The password is handed over by ' +
    'REDISCLI_AUTH, which no process list shows. Exits as it does.\n\n' +
    'Where there is neither, and with --builtin, Shoal has a prompt of its own, whose replies look as those of redis-cli. What is ' +
    'typed is kept in cli-history of the state folder, but for lines with passwords. In a transaction it follows no redirect. Its ' +
    'options, behind --, are --raw, --no-raw, -2, -3, -n DB and -e. An error reply makes the exit code 1 only with -e.'

  static override usage = '<%= command.id %> NODE [FLAGS] [-- ARG...]'
  static override examples = [
    '<%= config.bin %> <%= command.id %> n1',
    '<%= config.bin %> <%= command.id %> n1 --name blue -- --raw get greeting',
    '<%= config.bin %> <%= command.id %> n1 --builtin -- -e set greeting hello',
  ]

  static override strict = false
  static override args = {
    node: Args.string({description: 'Name of the node.', required: true}),
    arguments: Args.string({description: 'What redis-cli is given; a prompt without.', ignoreStdin: true}),
  }

  static override flags = {
    builtin: Flags.boolean({summary: "Shoal's own prompt, also where redis-cli is on PATH."}),
    name: environmentNameFlag(),
  }

  async run(): Promise<object> {
    const {args, argv, flags} = await this.parse(Cli)
    const {engines, store} = environmentParts(process.env)
    const state = await openEnvironment(store, flags.name)
    const {engine, nodes, topology} = state.spec
    await requireRunning(engines.of(engine), state, args.node)
    const node = nodes.find(({name}) => name === args.node) as SpecNode
    const {port} = node
    const password = passwordOf(state.spec, node)
    const words = (argv as string[]).slice(1)
    const isCluster = topology !== 'replication'
    const file = flags.builtin ? undefined : await findCli()
    if (file === undefined) {
      const {runBuiltin} = await import('../lib/cli/prompt/builtin.js')
      const stateFolder = defaultStateFolder(process.env)
      const request = {address: {host: HOST, port}, isCluster, password, stateFolder, words}
      this.exitAs(await runBuiltin(request, this.signal))
      return {}
    }
    const where = ['-h', HOST, '-p', String(port), ...(isCluster ? ['-c'] : [])]
    const env = password === undefined ? {} : {REDISCLI_AUTH: password}
    this.exitAs(await runInPlace({args: [...where, ...words], env, file}, this.signal))
    return {}
  }
}

async function findCli(): Promise<string | undefined> {
  const machine = thisMachine(process.env)
  for (const name of PROGRAMS) {
    const found = await machine.findProgram(name)
    if (found !== undefined) return found
  }
  return
}
