import {Args} from '@oclif/core'
import {CrdbCommand} from '../../lib/cli/crdb/crdb-command.js'
import {guidFlag} from '../../lib/cli/crdb/flags.js'
import {renderKeyReport} from '../../lib/cli/render/crdb-explain.js'
import {explainKey, type KeyReport} from '../../lib/operations/crdb/explain.js'

export default class CrdbExplain extends CrdbCommand {
  static override summary = 'Tell why a key is what it is: who wrote it and which write won, in each region.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> cart:42',
    '<%= config.bin %> <%= command.id %> cart:42 apples --crdb-guid mycrdb',
  ]

  static override args = {
    key: Args.string({description: 'The key.', required: true}),
    element: Args.string({description: 'A member, field or entry of it: this one alone.'}),
  }

  static override flags = {'crdb-guid': guidFlag()}

  async run(): Promise<KeyReport> {
    const {args, flags} = await this.parse(CrdbExplain)
    const known = await this.database(flags['crdb-guid'])
    const element = args.element === undefined ? undefined : bytesOf(args.element)
    const report = await explainKey(known, bytesOf(args.key), element, this.signal)
    this.print(renderKeyReport(report, this.style))
    return report
  }
}

/** As nodes have it. */
function bytesOf(text: string): string {
  return Buffer.from(text).toString('latin1')
}
