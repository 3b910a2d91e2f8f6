import {Flags} from '@oclif/core'
import {CrdbCommand} from '../../lib/cli/crdb/crdb-command.js'
import {guidFlag} from '../../lib/cli/crdb/flags.js'
import {durationFlag} from '../../lib/cli/flags.js'
import {renderVerification} from '../../lib/cli/render/crdb-verify.js'
import {type Verification, verifyDatabase} from '../../lib/operations/crdb/verify.js'

export default class CrdbVerify extends CrdbCommand {
  static override summary =
    'Tell whether all regions of an active-active database are equal, and which keys differ, and why.'
  static override description =
    'Compares what each region has applied and a digest of what came of it, slot by slot, while clients go on. Exits 9 if ' +
    'regions differ, or one does not answer.'

  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --crdb-guid mycrdb --wait 30s',
    '<%= config.bin %> <%= command.id %> --deep --json',
  ]

  static override flags = {
    'crdb-guid': guidFlag(),
    deep: Flags.boolean({
      summary: 'Also compare what clients see with what the engine has; holds nodes up for a second per million keys.',
    }),
    limit: Flags.integer({default: 20, helpValue: 'N', min: 0, summary: 'Name this many of the keys that differ.'}),
    wait: durationFlag({
      default: 2000,
      defaultHelp: async () => '2s',
      summary: 'How long writes that are on their way may take.',
    }),
  }

  async run(): Promise<Verification> {
    const {flags} = await this.parse(CrdbVerify)
    const known = await this.database(flags['crdb-guid'])
    const found = await verifyDatabase(known, {
      isDeep: flags.deep,
      keyLimit: flags.limit,
      signal: this.signal,
      waitMs: flags.wait,
    })
    this.print(renderVerification(found, this.style))
    if (!found.equal) this.exitWith(9)
    return found
  }
}
