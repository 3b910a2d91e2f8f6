import {Flags} from '@oclif/core'
import {type CrdbChange, CrdbCommand} from '../../lib/cli/crdb/crdb-command.js'
import {compressionFlag, environmentFlag, guidFlag, waitFlag} from '../../lib/cli/crdb/flags.js'
import {findRegions} from '../../lib/operations/crdb/find-regions.js'
import {planAdd} from '../../lib/plan/crdb/change.js'
import {parseInstance} from '../../lib/plan/crdb/instance-list.js'

export default class CrdbAddInstance extends CrdbCommand {
  static override summary = 'Give an active-active database one more instance.'
  static override description =
    'All instances there are must answer and be in sync. The new one takes all that they have; it serves reads at once, and writes ' +
    'when it is in sync. If it fails or is interrupted, the database is as it was.'

  static override examples = [
    '<%= config.bin %> <%= command.id %> --crdb-guid mycrdb --instance fqdn=cluster3.local,username=r@r.com,password=test',
  ]

  static override flags = {
    'crdb-guid': guidFlag(),
    instance: Flags.string({
      helpValue: 'fqdn=,username=,password=',
      required: true,
      summary: 'The participating cluster, or endpoint=HOST:PORT of a cluster that runs.',
    }),
    compression: compressionFlag(),
    environment: environmentFlag(),
    wait: waitFlag(),
  }

  async run(): Promise<CrdbChange> {
    const {flags} = await this.parse(CrdbAddInstance)
    const {compression, wait} = flags
    const request = parseInstance(flags.instance)
    const known = await this.latest(flags['crdb-guid'])
    const {config, instance} = planAdd(known.config, request, compression)
    const [home] = known.instances.flatMap(({place}) => (place.kind === 'region' ? [place.environment] : []))
    const hosted = await this.parts.hosts.regions()
    // Beside its other instances, if that environment has such a region.
    const {place} = request
    const isHome = hosted.some(
      (each) => each.environment === home && place.kind === 'region' && each.region === place.region,
    )
    const environments = findRegions(hosted, [request], flags.environment ?? (isHome ? home : undefined))
    const {guid, name} = config
    const notes = request.ignored.map((key) => `${key} of --instance is accepted, and without effect here`)
    return this.change({config, environments, guid, instance, operation: 'add_instance'}, name, {notes, wait})
  }
}
