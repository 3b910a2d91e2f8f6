import {Args, Flags} from '@oclif/core'
import {BaseCommand} from '../lib/cli/base-command.js'
import {environmentNameFlag} from '../lib/cli/environment/flags.js'
import {environmentParts} from '../lib/cli/environment/parts.js'
import {badFlag} from '../lib/cli/flags.js'
import {renderHeal} from '../lib/cli/render/faults.js'
import {type HealReport, healFaults, waitUntilSettled} from '../lib/environment/faults/heal.js'

export default class Heal extends BaseCommand {
  static override summary = 'End faults between nodes of an environment.'
  static override description =
    'All of them, or the one that is named. Every link is tried afterwards. That there is nothing to heal is fine; what a ' +
    'killed partition left behind goes too. With --wait it ends when all nodes agree and report ok and every replica is in ' +
    'sync, or fails with exit code 7 after 30 s.'

  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> f2',
    '<%= config.bin %> <%= command.id %> --all --wait --name blue',
  ]

  static override args = {
    id: Args.string({description: 'Of a fault, as f2; all of them without.', ignoreStdin: true}),
  }

  static override flags = {
    name: environmentNameFlag(),
    all: Flags.boolean({summary: 'Heal all faults, as without ID.'}),
    wait: Flags.boolean({summary: 'Wait until the cluster is ok again, 30 s at most.'}),
  }

  async run(): Promise<HealReport> {
    const {args, flags} = await this.parse(Heal)
    const {all, name, wait} = flags
    const {id} = args
    if (all && id !== undefined)
      throw badFlag(`--all and ${id} are two wishes`, [`shoal heal ${id}`, 'shoal heal --all'])
    const parts = environmentParts(process.env)
    const report = await healFaults(parts, {name, ...(id !== undefined && {id})}, this.signal)
    this.print(renderHeal(report, Date.now(), this.style))
    if (!wait) return report
    this.progress('waiting until all nodes agree')
    await waitUntilSettled(parts, name, this.signal)
    this.note('The cluster is ok.')
    return report
  }
}
