import {Args, Flags} from '@oclif/core'
import {ClusterCommand} from '../lib/cli/base-command.js'
import {badFlag} from '../lib/cli/flags.js'
import {
  EXTRAS,
  type Extra,
  renderStatus,
  SECTIONS,
  type Section,
  selectStatus,
  sortableColumns,
} from '../lib/cli/render/status.js'
import type {ClusterStatus} from '../lib/model/cluster-status.js'
import {clusterStatus} from '../lib/operations/status.js'
import {idOfNamed} from '../lib/plan/find-node.js'
import {filterStatus} from '../lib/plan/status-filter.js'

export default class Status extends ClusterCommand {
  static override summary = "Show nodes, database, endpoints and shards, in rladmin's tables."
  static override description =
    'A cluster is one database, db:1. Each node is one server with at most one shard, so node:3, redis:3 and endpoint:1:3 ' +
    'are the same process; nodes are numbered by address, dead ones included, and the one that was asked has a star. ' +
    'FREE_RAM is of maxmemory; PROVISIONAL_RAM is what of the memory of its machine the maxmemory of its nodes leaves. ' +
    'A replica has the slots of its primary. What a node does not tell is a dash. Nodes that do not answer are rows, with ' +
    'the reason under the table: the exit code is 0 as long as SEED answers. Use check to judge the health.'

  static override usage = '<%= command.id %> SEED [SECTION...] [FLAGS]'

  static override examples = [
    '<%= config.bin %> <%= command.id %> 127.0.0.1:7000',
    '<%= config.bin %> <%= command.id %> 127.0.0.1:7000 shards --sort USED_MEMORY --extra shardstats',
    '<%= config.bin %> <%= command.id %> 127.0.0.1:7000 nodes shards --node 127.0.0.1:7003',
    '<%= config.bin %> <%= command.id %> 127.0.0.1:7000 --issues-only --json',
  ]

  static override args = {
    seed: Args.string({description: 'HOST:PORT of any node of the cluster.', required: true}),
    sections: Args.string({
      description: 'Tables to show; all without.',
      ignoreStdin: true,
      multiple: true,
      options: [...SECTIONS, 'all'],
    }),
  }

  static override flags = {
    extra: Flags.string({
      helpValue: 'WHAT',
      multiple: true,
      multipleNonGreedy: true,
      summary: `More columns: ${EXTRAS.join(', ')} or all, with commas.`,
    }),
    'issues-only': Flags.boolean({aliases: ['issues_only'], summary: 'Only rows that are not well.'}),
    node: Flags.string({
      helpValue: 'NODE',
      summary: 'Only this node and its shard: node:N, N, HOST:PORT, or the id or its beginning.',
    }),
    sort: Flags.string({
      helpValue: 'COLUMNS',
      summary: 'Sort by these columns, with commas, as SLOTS or ROLE,ADDRESS.',
    }),
  }

  async run(): Promise<Partial<ClusterStatus>> {
    const {args, flags} = await this.parse(Status)
    const asked = args.sections ?? []
    const isAll = asked.length === 0 || asked.includes('all')
    const sections = SECTIONS.filter((section) => isAll || asked.includes(section))
    const extras = readExtras(flags.extra ?? [])
    const sort = readSort(flags.sort, sections, extras)
    const cluster = await this.connect(args.seed)
    const whole = await clusterStatus(cluster)
    const status =
      flags.node === undefined ? whole : filterStatus(whole, idOfNamed(cluster.view, flags.node) ?? flags.node)
    const layout = {sections, extras, sort, issuesOnly: flags['issues-only']}
    this.print(renderStatus(status, layout, this.style))
    return selectStatus(status, layout)
  }
}

function words(list: string): string[] {
  return list
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '')
}

function readExtras(lists: readonly string[]): ReadonlySet<Extra> {
  const extras = new Set<Extra>()
  for (const word of lists.flatMap(words)) {
    if (word === 'all') return new Set(EXTRAS)
    const extra = EXTRAS.find((name) => name === word.replaceAll('-', '_'))
    if (!extra) throw badFlag(`--extra ${word} is none of ${EXTRAS.join(', ')}, all`)
    extras.add(extra)
  }
  return extras
}

function readSort(list: string | undefined, sections: readonly Section[], extras: ReadonlySet<Extra>): string[] {
  const known = sortableColumns(sections, extras)
  return words(list ?? '').map((word) => {
    const title = known.find((name) => name === word.toUpperCase())
    if (!title) throw badFlag(`--sort ${word} is none of ${known.join(', ')}`)
    return title
  })
}
