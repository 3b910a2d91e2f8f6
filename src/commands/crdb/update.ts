import {Flags} from '@oclif/core'
import {type CrdbChange, CrdbCommand} from '../../lib/cli/crdb/crdb-command.js'
import {createFlags, databaseFlags, guidFlag, updateFlags, waitFlag, wishesFrom} from '../../lib/cli/crdb/flags.js'
import {planUpdate} from '../../lib/plan/crdb/change.js'
import {parseCredentials} from '../../lib/plan/crdb/instance-list.js'

export default class CrdbUpdate extends CrdbCommand {
  static override summary = 'Change the configuration of an active-active database.'
  static override description =
    'All instances are told. One that cannot be reached takes the change up from the others later. Name, port, number of shards ' +
    'and replication were decided when the database was made.'

  static override examples = [
    '<%= config.bin %> <%= command.id %> --crdb-guid mycrdb --memory-size 1gb',
    '<%= config.bin %> <%= command.id %> --causal-consistency true',
    `<%= config.bin %> <%= command.id %> --default-db-config '{"crdt_repl_backlog_size": "64"}'`,
    '<%= config.bin %> <%= command.id %> --credentials id=2,username=r@r.com,password=test',
  ]

  static override flags = {
    'crdb-guid': guidFlag(),
    ...databaseFlags,
    credentials: Flags.string({
      helpValue: 'id=,username=,password=',
      multiple: true,
      multipleNonGreedy: true,
      summary: 'What to log in with at an instance from now on.',
    }),
    force: Flags.boolean({summary: 'A new version also if nothing is another: all instances are told again.'}),
    ...updateFlags,
    // What cannot be changed says so, rather than that there is no such flag.
    port: Flags.integer({hidden: true}),
    name: Flags.string({hidden: true}),
    replication: createFlags.replication,
    sharding: createFlags.sharding,
    'shards-count': createFlags['shards-count'],
    wait: waitFlag(),
  }

  async run(): Promise<CrdbChange> {
    const {flags} = await this.parse(CrdbUpdate)
    const {compression, force, name: newName, port, replication, sharding, wait} = flags
    const {database, notes, settings} = await wishesFrom({
      ...flags,
      replication: undefined,
      sharding: undefined,
      'shards-count': undefined,
    })
    const known = await this.latest(flags['crdb-guid'])
    const {guid, name} = known.config
    const credentials = new Map((flags.credentials ?? []).map(parseCredentials))
    const fixed = {
      ...(newName !== undefined && {name: newName}),
      ...(port !== undefined && port !== known.port && {port}),
      ...(replication !== undefined && {replication}),
      ...(sharding !== undefined && {sharding}),
      ...(flags['shards-count'] !== undefined && {shards_count: flags['shards-count']}),
    }
    const {changes, config} = planUpdate(known.config, {
      credentials,
      database: {...database, ...fixed},
      force,
      settings,
      ...(compression !== undefined && {compression}),
    })
    if (config.version === known.config.version) {
      this.note('nothing to change')
      return {guid, name, notes, operation: 'update_crdb', status: 'finished', unreachable: []}
    }
    for (const change of changes) this.progress(change)
    const logins = [...credentials].map(([id, login]) => ({id, login}))
    return this.change({config, credentials: logins, guid, operation: 'update_crdb'}, name, {notes, wait})
  }
}
