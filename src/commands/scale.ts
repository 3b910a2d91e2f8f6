import {Flags} from '@oclif/core'
import {BaseCommand} from '../lib/cli/base-command.js'
import {environmentNameFlag} from '../lib/cli/environment/flags.js'
import {environmentParts} from '../lib/cli/environment/parts.js'
import {badFlag} from '../lib/cli/flags.js'
import {openEnvironment} from '../lib/environment/open.js'
import {type ScaleResult, scaleEnvironment} from '../lib/environment/scale/scale.js'
import {defaultStateFolder} from '../lib/environment/state-folder.js'
import {jobsFolder} from '../lib/operations/journal.js'

export default class Scale extends BaseCommand {
  static override summary = 'Make the cluster of an environment larger or smaller while it serves.'
  static override description =
    'Starts nodes on the next free ports, lets them join, and spreads the slots; or empties nodes, lets the others forget ' +
    'them, and stops them. No key is lost. A run that was cut short, also by kill -9, is continued by the same command.'

  static override examples = [
    '<%= config.bin %> <%= command.id %> --primaries 4',
    '<%= config.bin %> <%= command.id %> --primaries 3 --replicas 2 --name blue',
  ]

  static override flags = {
    name: environmentNameFlag(),
    primaries: Flags.integer({helpValue: 'N', min: 1, summary: 'How many nodes own slots. As it is otherwise.'}),
    replicas: Flags.integer({helpValue: 'N', min: 0, summary: 'Replicas of each primary. As it is otherwise.'}),
  }

  async run(): Promise<ScaleResult> {
    const {flags} = await this.parse(Scale)
    const {name, primaries, replicas} = flags
    const parts = environmentParts(process.env)
    const {scaling} = await openEnvironment(parts.store, name)
    if (primaries === undefined && replicas === undefined && !scaling)
      throw badFlag('To which size?', [`shoal scale --primaries 4 --name ${name}`])
    const request = {...(primaries !== undefined && {primaries}), ...(replicas !== undefined && {replicas})}
    // With all that moves slots: no other command of environments needs it.
    const {scaleDriver} = await import('../lib/cli/environment/scale-driver.js')
    const driver = scaleDriver(jobsFolder(defaultStateFolder(process.env)))
    const result = await scaleEnvironment(parts, driver, name, request, this.signal, (text) => this.progress(text))
    const {added, keysMoved, removed, slotsMoved} = result
    if (added.length > 0) this.note(`added ${added.join(', ')}`)
    if (removed.length > 0) this.note(`removed ${removed.join(', ')}`)
    this.note(
      `${result.primaries} primaries with ${result.replicas} replicas each; ${slotsMoved} slots moved with ${keysMoved} keys`,
    )
    return result
  }
}
