import {type CrdbChange, CrdbCommand} from '../../lib/cli/crdb/crdb-command.js'
import {guidFlag, waitFlag} from '../../lib/cli/crdb/flags.js'

export default class CrdbDelete extends CrdbCommand {
  static override summary = 'Delete an active-active database: all of its instances, with their data.'
  static override description =
    'A cluster that was there before stands on, part of nothing. It cannot be undone, and is asked about.'
  static override examples = ['<%= config.bin %> <%= command.id %> --crdb-guid mycrdb --yes']
  static override flags = {'crdb-guid': guidFlag(), wait: waitFlag()}

  async run(): Promise<CrdbChange> {
    const {flags} = await this.parse(CrdbDelete)
    const {guid, instances, name} = (await this.latest(flags['crdb-guid'])).config
    const count = instances.length
    await this.confirm(`Delete database ${name} with all ${count} instances?`)
    return this.change({guid, operation: 'delete_crdb'}, name, {wait: flags.wait})
  }
}
