import {Flags} from '@oclif/core'
import {MoveCommand, type MoveResult} from '../lib/cli/move-command.js'
import {seedArgs} from '../lib/cli/seed.js'
import {moveFlags, planFlags} from '../lib/cli/tasks.js'
import {completeRequest} from '../lib/cli/wizard/complete-request.js'
import {prepareReshard} from '../lib/operations/reshard.js'

export default class Reshard extends MoveCommand {
  static override summary = 'Move hash slots to a primary, while clients read and write.'
  static override description =
    'Without --to, --from or --slots it asks on a terminal. The plan and its cost are shown before anything is changed. ' +
    'Ctrl-C finishes the slots that are open and stops; shoal resume goes on, also after a crash.'

  static override usage = '<%= command.id %> SEED [FLAGS]'

  static override examples = [
    '<%= config.bin %> <%= command.id %> 127.0.0.1:7000',
    '<%= config.bin %> <%= command.id %> 127.0.0.1:7000 --from all --to 127.0.0.1:7003 --slots 4096 --yes',
    '<%= config.bin %> <%= command.id %> 127.0.0.1:7000 --to 127.0.0.1:7003 --slots 0-99,300-300 --dry-run --json',
  ]

  static override args = seedArgs

  static override flags = {
    from: Flags.string({
      aliases: ['cluster-from'],
      helpValue: 'IDS|all',
      summary: 'Primaries to take slots from: ids or HOST:PORT with commas, or all. Named slots need none.',
    }),
    to: Flags.string({aliases: ['cluster-to'], helpValue: 'ID', summary: 'Primary that gets them: id or HOST:PORT.'}),
    slots: Flags.string({
      aliases: ['cluster-slots'],
      helpValue: 'N|RANGES',
      summary: 'How many, or which: 1000, or 0-99,300-300.',
    }),
    ...planFlags,
    ...moveFlags,
  }

  async run(): Promise<MoveResult> {
    const {args, flags} = await this.parse(Reshard)
    const cluster = await this.connect(args.seed)
    const request = await completeRequest(cluster, flags, {interactive: this.interactive, signal: this.signal})
    const prepared = await prepareReshard(cluster, request, this.signal)
    return this.carryOut(cluster, prepared, {command: 'reshard', seed: args.seed, flags})
  }
}
