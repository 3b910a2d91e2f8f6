import {Args, Flags} from '@oclif/core'
import {FaultCommand, isByChance} from '../lib/cli/environment/fault-command.js'
import {faultFlags, faultRequest} from '../lib/cli/environment/fault-flags.js'
import {badFlag} from '../lib/cli/flags.js'
import type {FaultReport} from '../lib/environment/faults/make.js'
import {type PartitionRequest, PRESETS, type Preset} from '../lib/plan/faults/partition.js'
import {SELECTOR_HELP, splitGroups} from '../lib/plan/faults/selector.js'

const PRESET_SUMMARIES: Readonly<Record<Preset, string>> = {
  majority: 'Cut a majority of the primaries off, without their replicas: nobody can be voted in.',
  minority: 'Cut a minority of the primaries off, without their replicas: these take over.',
  halves: 'Two halves, each with primaries and with replicas of those on the other side.',
  primaries: 'Cut each primary off from everybody; the replicas stay together.',
  ring: 'Each node reaches a majority, no two the same one.',
  random: 'Two groups by chance.',
}

const preset = (name: Preset) => Flags.boolean({helpGroup: 'PRESET', summary: PRESET_SUMMARIES[name]})

interface Asked extends Partial<Readonly<Record<Preset, boolean>>> {
  readonly bridge?: string | undefined
  readonly isolate?: string | undefined
  readonly 'one-way'?: string | undefined
  readonly regions?: boolean
}

export default class Partition extends FaultCommand {
  static override summary = 'Cut nodes of an environment off from each other.'
  static override description =
    'Nodes that no group names are one more group. Clients reach all nodes as before. The partition takes the place of the ' +
    'one in force, unless --add is given; heal ends it. Every link is tried afterwards: where one is not as meant, all is undone ' +
    `and the exit code is 6. ${SELECTOR_HELP} ` +
    'A one-way cut stops what A sends to B, whichever of them opened the connection. Any packet of a node is a sign of life to ' +
    'the others: as long as the way back is open they may not hold each other for failed. Where packets are dropped (Docker), ' +
    'the confirmations of the way back are among them, so that TCP comes to a halt both ways.'

  static override usage = '<%= command.id %> [GROUP / GROUP ...] [FLAGS]'

  static override examples = [
    '<%= config.bin %> <%= command.id %> n1,n2 / n3',
    '<%= config.bin %> <%= command.id %> --isolate key:foo --for 30s',
    '<%= config.bin %> <%= command.id %> shard:0 --mode reset',
    '<%= config.bin %> <%= command.id %> --one-way role:primary:n4 --add',
    '<%= config.bin %> <%= command.id %> n1,n2 / n4,n5 --bridge n3',
    '<%= config.bin %> <%= command.id %> --regions eu us',
    '<%= config.bin %> <%= command.id %> --minority --seed 7 --dry-run',
  ]

  static override args = {
    groups: Args.string({
      description: 'Selectors, a slash or a space between groups; with --regions, names of regions.',
      ignoreStdin: true,
      multiple: true,
    }),
  }

  static override flags = {
    ...faultFlags,
    isolate: Flags.string({helpValue: 'SELECTOR', summary: 'Cut each of these nodes off from everybody.'}),
    'one-way': Flags.string({helpValue: 'A:B', summary: 'What A sends does not reach B; the way back is open.'}),
    bridge: Flags.string({
      helpValue: 'SELECTOR',
      summary: 'Nodes that reach all groups; of the others without groups, two halves.',
    }),
    regions: Flags.boolean({summary: 'Each region is a group; if some are named, these and the rest.'}),
    majority: preset('majority'),
    minority: preset('minority'),
    halves: preset('halves'),
    primaries: preset('primaries'),
    ring: preset('ring'),
    random: preset('random'),
    mode: Flags.option({
      default: 'drop',
      options: ['drop', 'reset'] as const,
      summary: 'Silence, as of a broken network, or connections refused and torn down.',
    })(),
    add: Flags.boolean({summary: 'Leave the partition in force as it is, and add this one.'}),
  }

  async run(): Promise<FaultReport> {
    const {args, flags} = await this.parse(Partition)
    const words = args.groups ?? []
    const partition = readRequest(words, flags)
    const wish = {kind: 'partition', mode: flags.mode, partition} as const
    const usesChance = flags.random || isByChance(...words, flags.isolate, flags['one-way'], flags.bridge)
    return this.carryOut({...faultRequest(flags), add: flags.add, wish}, flags['dry-run'], usesChance)
  }
}

/** @throws {CliError} BAD_FLAG unless it is said in exactly one way whom to part */
function readRequest(words: readonly string[], flags: Asked): PartitionRequest {
  const {bridge, isolate, 'one-way': pair, regions} = flags
  const groups = splitGroups(words)
  const ways: PartitionRequest[] = PRESETS.filter((name) => flags[name]).map((kind) => ({kind}))
  if (regions) ways.push({kind: 'regions', names: groups.flatMap((group) => group.split(','))})
  else if (groups.length > 0) ways.push({groups, kind: 'groups', ...(bridge !== undefined && {bridge})})
  else if (bridge !== undefined) ways.push({kind: 'bridge', selector: bridge})
  if (regions && bridge !== undefined) ways.push({kind: 'bridge', selector: bridge})
  if (isolate !== undefined) ways.push({kind: 'isolate', selector: isolate})
  if (pair !== undefined) ways.push({kind: 'one-way', pair})
  const [only, another] = ways
  if (only && !another) return only
  const names = ways.map(({kind}) => (kind === 'groups' ? 'groups' : `--${kind}`))
  throw badFlag(only ? `whom to part is said in more than one way: ${names.join(', ')}` : 'whom to part is not said', [
    'shoal partition n1,n2 / n3',
    'shoal partition --minority',
    'shoal partition --help',
  ])
}
