import {type CrdbChange, CrdbCommand} from '../../lib/cli/crdb/crdb-command.js'
import {guidFlag, waitFlag} from '../../lib/cli/crdb/flags.js'

export default class CrdbFlush extends CrdbCommand {
  static override summary = 'Empty all instances of an active-active database.'
  static override description =
    'What an instance has not heard of yet stays: keys written elsewhere while the regions are cut off from each other. It cannot be undone, and is asked about.'
  static override examples = ['<%= config.bin %> <%= command.id %> --crdb-guid mycrdb --yes']
  static override flags = {'crdb-guid': guidFlag(), wait: waitFlag()}

  async run(): Promise<CrdbChange> {
    const {flags} = await this.parse(CrdbFlush)
    const {guid, instances, name} = (await this.latest(flags['crdb-guid'])).config
    const count = instances.length
    await this.confirm(`Empty all ${count} instances of database ${name}?`)
    return this.change({guid, operation: 'flush_crdb'}, name, {wait: flags.wait})
  }
}
