import {Flags} from '@oclif/core'
import {BaseCommand} from '../lib/cli/base-command.js'
import {environmentNameFlag} from '../lib/cli/environment/flags.js'
import {environmentParts} from '../lib/cli/environment/parts.js'
import {selectorArgs} from '../lib/cli/environment/selectors.js'
import {badFlag} from '../lib/cli/flags.js'
import {logPrefix} from '../lib/cli/render/log-prefix.js'
import {chooseNodes} from '../lib/environment/choose-nodes.js'
import {openEnvironment} from '../lib/environment/open.js'

interface LogsDocument {
  readonly environment: string
  readonly nodes: readonly {readonly name: string; readonly lines: readonly string[]}[]
}

export default class Logs extends BaseCommand {
  static override summary = 'Show what nodes of an environment log.'
  static override description =
    'Of all nodes unless some are named; each line then begins with its node. --follow goes on until Ctrl-C, which exits ' +
    '130, as docker logs does.'

  static override usage = '<%= command.id %> [SELECTOR...] [FLAGS]'
  static override examples = [
    '<%= config.bin %> <%= command.id %> n1 --lines 50',
    '<%= config.bin %> <%= command.id %> role:primary --follow --name blue',
  ]

  static override args = selectorArgs
  static override flags = {
    name: environmentNameFlag(),
    follow: Flags.boolean({char: 'f', summary: 'Go on with what comes.'}),
    lines: Flags.integer({char: 'n', helpValue: 'N', min: 0, summary: 'The last N lines of each node. All otherwise.'}),
  }

  async run(): Promise<LogsDocument> {
    const {args, flags} = await this.parse(Logs)
    const {follow, lines, name} = flags
    if (follow && this.jsonEnabled())
      throw badFlag('--follow has no end, and --json prints one document', ['shoal logs --json'])
    const parts = environmentParts(process.env)
    const state = await openEnvironment(parts.store, name)
    const [first, ...rest] = args.selector ?? []
    const nodes = await chooseNodes(parts, state, first === undefined ? 'all' : [first, ...rest], this.signal)
    const engine = parts.engines.of(state.spec.engine)
    const read = async (node: string) => {
      const prefix = logPrefix(nodes, node, this.style)
      const kept: string[] = []
      for await (const line of engine.logs(name, node, {follow, ...(lines !== undefined && {lines})}, this.signal)) {
        this.print(`${prefix}${line}`)
        if (!follow) kept.push(line)
      }
      return {lines: kept, name: node}
    }
    const found = follow ? await Promise.all(nodes.map(read)) : []
    // What is there is shown node by node.
    if (!follow) for (const node of nodes) found.push(await read(node))
    if (this.signal.aborted) this.exitWith(130)
    return {environment: name, nodes: found}
  }
}
