import {type CrdbChange, CrdbCommand} from '../../lib/cli/crdb/crdb-command.js'
import {guidFlag, instanceIdFlag, waitFlag} from '../../lib/cli/crdb/flags.js'
import {CliError} from '../../lib/kernel/errors.js'

export default class CrdbPurgeInstance extends CrdbCommand {
  static override summary = 'Delete what an instance still has that was removed by force.'
  static override description =
    'Its nodes are stopped and deleted; a cluster that was there before stands on, part of nothing.'
  static override examples = ['<%= config.bin %> <%= command.id %> --crdb-guid mycrdb --instance-id 3 --yes']
  static override flags = {'crdb-guid': guidFlag(), 'instance-id': instanceIdFlag(), wait: waitFlag()}

  async run(): Promise<CrdbChange> {
    const {flags} = await this.parse(CrdbPurgeInstance)
    const id = flags['instance-id']
    const {abandoned = [], config} = await this.database(flags['crdb-guid'])
    const {guid, name} = config
    const instance = abandoned.find((each) => each.id === id)
    if (!instance) {
      const isMember = config.instances.some((each) => each.id === id)
      throw new CliError(
        isMember ? 'CANNOT_CHANGE' : 'NOT_FOUND',
        isMember
          ? `instance ${id} is a member of database ${name}: only one that was removed by force is purged`
          : `database ${name} has no instance ${id} that was removed by force`,
        {
          details: {abandoned: abandoned.map((each) => each.id)},
          suggestions: [`shoal crdb remove-instance --crdb-guid ${name} --instance-id ${id}`],
        },
      )
    }
    await this.confirm(`Delete all that instance ${id} of database ${name} still has?`)
    return this.change({guid, instance, operation: 'purge_instance'}, name, {wait: flags.wait})
  }
}
