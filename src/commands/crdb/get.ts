import {CrdbCommand} from '../../lib/cli/crdb/crdb-command.js'
import {type DatabaseDocument, documentOf} from '../../lib/cli/crdb/documents.js'
import {guidFlag} from '../../lib/cli/crdb/flags.js'
import {renderDatabase} from '../../lib/cli/render/crdb.js'

export default class CrdbGet extends CrdbCommand {
  static override summary = 'Show the configuration of an active-active database.'
  static override description =
    'As its nodes have it. Where none can be asked it is what this machine has on record, and a warning says so.'

  static override examples = ['<%= config.bin %> <%= command.id %> --crdb-guid mycrdb']
  static override flags = {'crdb-guid': guidFlag()}

  async run(): Promise<DatabaseDocument> {
    const {flags} = await this.parse(CrdbGet)
    const heard = await this.hear(await this.database(flags['crdb-guid']))
    this.print(renderDatabase(heard.known))
    return documentOf(heard)
  }
}
