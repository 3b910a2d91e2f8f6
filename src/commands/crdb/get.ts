import {CrdbCommand} from '../../lib/cli/crdb/crdb-command.js'
import {type DatabaseDocument, documentOf} from '../../lib/cli/crdb/documents.js'
import {guidFlag} from '../../lib/cli/crdb/flags.js'
import {renderDatabase} from '../../lib/cli/render/crdb.js'

export default class CrdbGet extends CrdbCommand {
  static override summary = 'Show the configuration of an active-active database.'
  static override examples = ['<%= config.bin %> <%= command.id %> --crdb-guid mycrdb']
  static override flags = {'crdb-guid': guidFlag()}

  async run(): Promise<DatabaseDocument> {
    const {flags} = await this.parse(CrdbGet)
    const known = await this.database(flags['crdb-guid'])
    this.print(renderDatabase(known))
    return documentOf(known)
  }
}
