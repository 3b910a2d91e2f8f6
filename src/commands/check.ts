import {Flags} from '@oclif/core'
import {ClusterCommand} from '../lib/cli/base-command.js'
import {durationFlag} from '../lib/cli/flags.js'
import {renderCheck} from '../lib/cli/render/check.js'
import {seedArgs} from '../lib/cli/seed.js'
import {parseZones, zoneFlag} from '../lib/cli/zones.js'
import {type CheckReport, checkCluster, isFailing} from '../lib/operations/check.js'
import {TRAIT_COMMANDS} from '../lib/operations/traits.js'

const FAIL_ON = ['error', 'warning', 'never'] as const

export default class Check extends ClusterCommand {
  static override summary = 'Check the health of a cluster.'
  static override description =
    'Asks every node for its own view and reports what is wrong, each finding with a severity and a way forward. ' +
    'Exits 9 if there are findings at or above --fail-on.'

  static override usage = '<%= command.id %> SEED [FLAGS]'

  static override examples = [
    '<%= config.bin %> <%= command.id %> 127.0.0.1:7000',
    '<%= config.bin %> <%= command.id %> 127.0.0.1:7000 --fail-on warning --json',
    '<%= config.bin %> <%= command.id %> 10.0.0.1:7000 --zone 10.0.0.1=a --zone 10.0.0.2=b --zone 10.0.0.3=c',
  ]

  static override args = seedArgs

  static override flags = {
    'fail-on': Flags.option({options: FAIL_ON, default: 'error' as const})({
      summary: 'Exit 9 on findings of this severity or worse.',
    }),
    'search-stray-keys': Flags.boolean({
      aliases: ['cluster-search-multiple-owners'],
      summary: 'Also look for keys in slots that their node does not own.',
    }),
    zone: zoneFlag('Zone of a node or host, where the nodes do not tell.'),
    settle: durationFlag({
      default: 3000,
      defaultHelp: async () => '3s',
      summary: 'How long nodes may take to hear of a change before they count as disagreeing.',
    }),
  }

  async run(): Promise<CheckReport> {
    const {args, flags} = await this.parse(Check)
    const zones = parseZones(flags.zone ?? [])
    const cluster = await this.connect(args.seed, TRAIT_COMMANDS)
    const report = await checkCluster(cluster, {
      settleMs: flags.settle,
      searchStrayKeys: flags['search-stray-keys'],
      signal: this.signal,
      zones,
    })
    this.print(renderCheck(report, this.style, this.columns))
    if (isFailing(report, flags['fail-on'])) this.exitWith(9)
    return report
  }
}
