import {Args, Flags} from '@oclif/core'
import {FaultCommand, isByChance} from '../lib/cli/environment/fault-command.js'
import {faultFlags, faultRequest} from '../lib/cli/environment/fault-flags.js'
import {badFlag, durationFlag} from '../lib/cli/flags.js'
import type {FaultReport} from '../lib/environment/faults/make.js'
import {SELECTOR_HELP} from '../lib/plan/faults/selector.js'

export default class Slow extends FaultCommand {
  static override summary = 'Make links between nodes of an environment slow.'
  static override description =
    'What the nodes send to others arrives that much later; a question and its answer take that time once, unless the other node ' +
    'is slow too. Failures are suspected once they take longer than the node timeout, not before. heal ends it. ' +
    SELECTOR_HELP

  static override examples = [
    '<%= config.bin %> <%= command.id %> n1 --latency 100ms --jitter 20ms',
    '<%= config.bin %> <%= command.id %> region:eu --to region:us --latency 80ms --for 1m',
  ]

  static override args = {
    nodes: Args.string({description: 'Selector of the nodes that send.', ignoreStdin: true, required: true}),
  }

  static override flags = {
    ...faultFlags,
    latency: durationFlag({required: true, summary: 'How much later, as 100ms.'}),
    jitter: durationFlag({summary: 'Give or take so much, as 20ms.'}),
    to: Flags.string({helpValue: 'SELECTOR', summary: 'Only what they send to these; to all others without.'}),
  }

  async run(): Promise<FaultReport> {
    const {args, flags} = await this.parse(Slow)
    const {jitter = 0, latency, to} = flags
    if (jitter > latency) throw badFlag('--jitter is more than --latency')
    const wish = {
      jitterMs: jitter,
      kind: 'slow' as const,
      ms: latency,
      selector: args.nodes,
      ...(to !== undefined && {to}),
    }
    const request = {...faultRequest(flags), add: false, wish}
    return this.carryOut(request, flags['dry-run'], isByChance(args.nodes, to))
  }
}
