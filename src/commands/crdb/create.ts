import {randomUUID} from 'node:crypto'
import {Flags} from '@oclif/core'
import {type CrdbChange, CrdbCommand} from '../../lib/cli/crdb/crdb-command.js'
import {createFlags, databaseFlags, environmentFlag, waitFlag, wishesFrom} from '../../lib/cli/crdb/flags.js'
import type {CrdbSettings} from '../../lib/model/crdb.js'
import {requireNewName} from '../../lib/operations/crdb/create.js'
import {findRegions} from '../../lib/operations/crdb/find-regions.js'
import {planCreate} from '../../lib/plan/crdb/create.js'
import {parseInstance} from '../../lib/plan/crdb/instance-list.js'

/** Shards of a region that can outvote a failed one. */
const VOTERS_MIN = 3

function notesOn({replication, shardsCount}: CrdbSettings): string[] {
  if (!replication || shardsCount >= VOTERS_MIN) return []
  const shards = shardsCount === 1 ? 'one shard' : `${shardsCount} shards`
  return [`with ${shards} no replica is voted in when a primary fails: it takes ${VOTERS_MIN}`]
}

export default class CrdbCreate extends CrdbCommand {
  static override aliases = ['crdb-create']
  static override summary = 'Make an active-active database.'
  static override description =
    'Each instance is a region of an environment (`shoal up --topology crdb`), where the nodes are started, or a cluster of ' +
    "Shoal's own nodes that runs already and is empty (endpoint=HOST:PORT). On one machine the first shard of instance 1 is at " +
    '--port, of instance 2 at port + 2, and so on. If it fails or is interrupted, nothing is left behind.'

  static override examples = [
    '<%= config.bin %> <%= command.id %> --name mycrdb --memory-size 512mb --port 12000 --replication false --shards-count 1 --instance fqdn=cluster1.local,username=r@r.com,password=test --instance fqdn=cluster2.local,username=r@r.com,password=test',
    '<%= config.bin %> <%= command.id %> --name geo --memory-size 1g --instance endpoint=10.0.0.1:7000,password=a --instance endpoint=10.0.1.1:7000,password=b',
    `<%= config.bin %> <%= command.id %> --name orders --memory-size 1g --default-db-config '{"crdt_xadd_id_uniqueness_mode": "semi-strict"}' --instance fqdn=cluster1.local --instance fqdn=cluster2.local`,
  ]

  static override flags = {
    name: Flags.string({helpValue: 'NAME', required: true, summary: 'Of the database: letters, digits and hyphens.'}),
    instance: Flags.string({
      helpValue: 'fqdn=,username=,password=',
      multiple: true,
      multipleNonGreedy: true,
      summary: 'A participating cluster; two at least. Or endpoint=HOST:PORT of a cluster that runs.',
    }),
    port: Flags.integer({helpValue: 'PORT', summary: 'Of instance 1. One that is free without.'}),
    password: Flags.string({helpValue: 'PASSWORD', summary: "What the database's clients must give."}),
    ...databaseFlags,
    ...createFlags,
    environment: environmentFlag(),
    wait: waitFlag(),
  }

  async run(): Promise<CrdbChange> {
    const {flags} = await this.parse(CrdbCreate)
    const {compression, environment, name, password, port, wait} = flags
    const {database, notes, settings} = await wishesFrom(flags)
    const instances = (flags.instance ?? []).map(parseInstance)
    const guid = randomUUID()
    const plan = planCreate(
      {
        database,
        instances,
        name,
        settings,
        ...(compression !== undefined && {compression}),
        ...(password !== undefined && {password}),
        ...(port !== undefined && {port}),
      },
      guid,
    )
    // What is left of a run that was killed may have the name, and the ports.
    await this.recover()
    await this.databases()
    await requireNewName(this.parts, plan.config)
    const environments = findRegions(await this.parts.hosts.regions(), instances, environment)
    const ignored = [...new Set(instances.flatMap((each) => each.ignored))].map(
      (key) => `${key} of --instance is accepted, and without effect here`,
    )
    return this.change({environments, guid, operation: 'create_crdb', plan}, name, {
      notes: [...notes, ...ignored, ...notesOn(plan.config.settings)],
      wait,
    })
  }
}
