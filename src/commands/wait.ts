import {Flags} from '@oclif/core'
import {BaseCommand} from '../lib/cli/base-command.js'
import {environmentNameFlag} from '../lib/cli/environment/flags.js'
import {environmentParts} from '../lib/cli/environment/parts.js'
import {durationFlag} from '../lib/cli/flags.js'
import {CONDITIONS, type ConditionName} from '../lib/environment/conditions.js'
import {waitForCondition} from '../lib/environment/wait.js'

interface WaitDocument {
  readonly environment: string
  readonly condition: ConditionName
  readonly waitedMs: number
}

export default class Wait extends BaseCommand {
  static override summary = 'Wait until an environment is as it should be.'
  static override description =
    'cluster-ok: running nodes report ok, and all slots are served. replicas-synced: running replicas have their data. ' +
    'failover: whatever primary is stopped, paused or cut off, another one that runs with the majority has its slots. healed: ' +
    'no fault is in force, all nodes run and report ok, no slot has two owners, all replicas have their data. What is so ' +
    'already is not waited for. Exits 7 if time is up.'

  static override examples = [
    '<%= config.bin %> <%= command.id %> --for failover --timeout 10s',
    '<%= config.bin %> <%= command.id %> --for healed --name blue',
  ]

  static override flags = {
    name: environmentNameFlag(),
    for: Flags.option({
      options: Object.keys(CONDITIONS) as ConditionName[],
      required: true,
      summary: 'What to wait for.',
    })(),
    timeout: durationFlag({default: 60_000, defaultHelp: async () => '60s', summary: 'Longest wait.'}),
  }

  async run(): Promise<WaitDocument> {
    const {flags} = await this.parse(Wait)
    const {for: condition, name, timeout} = flags
    const waitedMs = await waitForCondition(environmentParts(process.env), name, condition, timeout, this.signal)
    this.note(`${condition} after ${waitedMs} ms`)
    return {condition, environment: name, waitedMs}
  }
}
