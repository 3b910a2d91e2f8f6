import {Args, Flags} from '@oclif/core'
import {FaultCommand, isByChance} from '../lib/cli/environment/fault-command.js'
import {faultFlags, faultRequest, shareFlag} from '../lib/cli/environment/fault-flags.js'
import type {FaultReport} from '../lib/environment/faults/make.js'
import {SELECTOR_HELP} from '../lib/plan/faults/selector.js'

export default class Flaky extends FaultCommand {
  static override summary = 'Make links between nodes of an environment lose packets.'
  static override description =
    'A share of what the nodes send to others is lost on the way. Connections send it again, so that it comes late and in ' +
    'bursts: with a third lost nodes are suspected now and then, with nine tenths they fail over. heal ends it. ' +
    SELECTOR_HELP

  static override examples = [
    '<%= config.bin %> <%= command.id %> n1 --loss 30%',
    '<%= config.bin %> <%= command.id %> role:primary --to role:replica --loss 5% --for 1m',
  ]

  static override args = {
    nodes: Args.string({description: 'Selector of the nodes that send.', ignoreStdin: true, required: true}),
  }

  static override flags = {
    ...faultFlags,
    loss: shareFlag({required: true, summary: 'How much is lost, as 30%.'}),
    to: Flags.string({helpValue: 'SELECTOR', summary: 'Only of what they send to these; to all others without.'}),
  }

  async run(): Promise<FaultReport> {
    const {args, flags} = await this.parse(Flaky)
    const {loss, to} = flags
    const wish = {kind: 'flaky' as const, probability: loss, selector: args.nodes, ...(to !== undefined && {to})}
    const request = {...faultRequest(flags), add: false, wish}
    return this.carryOut(request, flags['dry-run'], isByChance(args.nodes, to))
  }
}
