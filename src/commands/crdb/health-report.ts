import {CrdbCommand} from '../../lib/cli/crdb/crdb-command.js'
import {guidFlag} from '../../lib/cli/crdb/flags.js'
import {type ClusterHealth, reportHealth} from '../../lib/operations/crdb/health-report.js'

export default class CrdbHealthReport extends CrdbCommand {
  static override summary = 'Print what each participating cluster says of an active-active database.'
  static override description =
    'Prints JSON, one object per cluster, as crdb-cli does. Exits 9 if a cluster does not answer, a link is down, or two have applied the same and differ.'

  static override examples = [
    '<%= config.bin %> <%= command.id %> --crdb-guid mycrdb',
    '<%= config.bin %> <%= command.id %> >health.json',
  ]

  static override flags = {'crdb-guid': guidFlag()}

  async run(): Promise<ClusterHealth[]> {
    const {flags} = await this.parse(CrdbHealthReport)
    const report = await reportHealth(await this.database(flags['crdb-guid']), this.signal)
    this.print(JSON.stringify(report, null, 2))
    if (report.some(isIll)) this.exitWith(9)
    return report
  }
}

function isIll({connection_error, connections}: ClusterHealth): boolean {
  return connection_error !== null || connections.some(({status}) => status !== 'ok')
}
