import {Args, Flags} from '@oclif/core'
import {ClusterCommand} from '../lib/cli/base-command.js'
import {durationFlag} from '../lib/cli/flags.js'
import {renderCreatePlan} from '../lib/cli/render/create.js'
import {parseZones, zoneFlag} from '../lib/cli/zones.js'
import {parseAddress} from '../lib/model/address.js'
import {type ClusterSummary, summarizeCluster} from '../lib/model/cluster-summary.js'
import type {CreatePlan} from '../lib/plan/create.js'

export interface CreateResult {
  readonly status: 'created' | 'nothing-to-do' | 'planned'
  readonly plan: CreatePlan
  readonly warnings: readonly string[]
  /** The cluster as it was found ready; null for a dry run. */
  readonly cluster: ClusterSummary | null
}

export default class Create extends ClusterCommand {
  static override summary = 'Make a cluster of empty nodes.'
  static override description =
    'Looks at every node first and refuses, changing nothing, unless all are reachable, in cluster mode and empty. Shows ' +
    'the plan and asks. Primaries and replicas are spread over hosts and zones. A run that was cut short is continued by ' +
    'the same command; once the cluster stands, the same command does nothing and exits 0.'

  static override usage = '<%= command.id %> HOST:PORT... [--replicas N] [FLAGS]'
  static override examples = [
    '<%= config.bin %> <%= command.id %> 127.0.0.1:7000 127.0.0.1:7001 127.0.0.1:7002',
    '<%= config.bin %> <%= command.id %> 10.0.0.{1,2,3}:6379 10.0.1.{1,2,3}:6379 --replicas 1 --yes',
    '<%= config.bin %> <%= command.id %> a1:6379 a2:6379 b1:6379 b2:6379 c1:6379 c2:6379 --replicas 1 --zone a1=a --zone ' +
      'a2=a --zone b1=b --zone b2=b --zone c1=c --zone c2=c --dry-run',
  ]

  static override args = {
    nodes: Args.string({description: 'The nodes, each as HOST:PORT.', multiple: true, required: true}),
  }

  static override flags = {
    replicas: Flags.integer({
      aliases: ['cluster-replicas'],
      char: 'r',
      default: 0,
      helpValue: 'N',
      min: 0,
      summary: 'Replicas for each primary.',
    }),
    zone: zoneFlag('Zone of a node or host; a shard is spread over zones. Give it for all nodes.'),
    'allow-few-primaries': Flags.boolean({summary: 'Accept fewer than 3 primaries; such a cluster cannot fail over.'}),
    'skip-bus-check': Flags.boolean({summary: 'Do not try the bus ports from here.'}),
    'timeout-join': durationFlag({
      default: 30_000,
      defaultHelp: async () => '30s',
      summary: 'How long the nodes may take to find each other.',
    }),
    'dry-run': Flags.boolean({summary: 'Show the plan and change nothing.'}),
  }

  async run(): Promise<CreateResult> {
    const {args, flags} = await this.parse(Create)
    const addresses = args.nodes.map(parseAddress)
    const zones = parseZones(flags.zone ?? [])
    const {prepareCreate} = await import('../lib/operations/create.js')
    const prepared = this.closeLater(
      await prepareCreate(
        {
          addresses,
          replicasPerPrimary: flags.replicas,
          allowFewPrimaries: flags['allow-few-primaries'],
          zones,
          skipBusCheck: flags['skip-bus-check'],
        },
        await this.connectOptions(...args.nodes),
        this.signal,
      ),
    )
    const {plan, standing, warnings} = prepared
    if (standing === 'formed') {
      const {viewOfCandidates} = await import('../lib/plan/create-standing.js')
      const cluster = summarizeCluster(viewOfCandidates([...prepared.nodes].map(([name, {view}]) => ({name, view}))))
      this.print('These nodes are this cluster already; nothing to do.')
      return {status: 'nothing-to-do', plan, warnings, cluster}
    }
    this.showPlan(renderCreatePlan(plan, warnings, this.style, this.columns))
    if (flags['dry-run']) return {status: 'planned', plan, warnings, cluster: null}
    const {applyCreate, requireCreatable} = await import('../lib/operations/create-apply.js')
    await requireCreatable(prepared, flags.user as string | undefined)
    await this.confirm(standing === 'started' ? 'Continue to make this cluster?' : 'Make this cluster?')
    const view = await applyCreate(prepared, {
      joinTimeoutMs: flags['timeout-join'],
      onProgress: (text) => this.progress(text),
      signal: this.signal,
    })
    const cluster = summarizeCluster(view)
    this.print(`The cluster is ready: shoal info ${args.nodes[0]}`)
    return {status: 'created', plan, warnings, cluster}
  }
}
