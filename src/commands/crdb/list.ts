import {CrdbCommand} from '../../lib/cli/crdb/crdb-command.js'
import {type DatabaseDocument, documentOf} from '../../lib/cli/crdb/documents.js'
import {renderDatabaseList} from '../../lib/cli/render/crdb.js'

export default class CrdbList extends CrdbCommand {
  static override summary = 'List active-active databases, one line per instance.'
  static override description =
    'Those that were made from this machine, with the instances that their nodes know. Their nodes: see `ps`.'

  static override examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> --json']

  async run(): Promise<{databases: DatabaseDocument[]}> {
    await this.parse(CrdbList)
    const databases = await Promise.all((await this.databases()).map((known) => this.hear(known)))
    this.print(renderDatabaseList(databases.map(({known}) => known)))
    return {databases: databases.map(documentOf)}
  }
}
