import {Flags} from '@oclif/core'
import {type CrdbChange, CrdbCommand} from '../../lib/cli/crdb/crdb-command.js'
import {guidFlag, instanceIdFlag, waitFlag} from '../../lib/cli/crdb/flags.js'
import type {KnownInstance} from '../../lib/operations/crdb/known.js'
import {planRemove} from '../../lib/plan/crdb/change.js'

export default class CrdbRemoveInstance extends CrdbCommand {
  static override summary = 'Take an instance out of an active-active database.'
  static override description =
    'Clients cannot write there from the beginning; it goes when all others have what was written there. With --force it is not ' +
    'spoken to: what it alone has is lost to the others, which take nothing of it any more. `purge-instance` then cleans it up.'

  static override examples = [
    '<%= config.bin %> <%= command.id %> --crdb-guid mycrdb --instance-id 3 --yes',
    '<%= config.bin %> <%= command.id %> --crdb-guid mycrdb --instance-id 3 --force --yes',
  ]

  static override flags = {
    'crdb-guid': guidFlag(),
    'instance-id': instanceIdFlag(),
    force: Flags.boolean({summary: 'Do not speak to it: it cannot be reached.'}),
    wait: waitFlag(),
  }

  async run(): Promise<CrdbChange> {
    const {flags} = await this.parse(CrdbRemoveInstance)
    const {force, wait} = flags
    const id = flags['instance-id']
    const known = await this.latest(flags['crdb-guid'])
    const config = planRemove(known.config, id)
    const {guid, name} = config
    const {cluster} = known.config.instances.find((each) => each.id === id) as {cluster: string}
    const lost = force ? ' What it alone has is lost.' : ''
    await this.confirm(`Remove instance ${id} (${cluster}) from database ${name}, with its data?${lost}`)
    const instance = known.instances.find((each) => each.id === id) as KnownInstance
    return this.change({config, force, guid, instance, operation: 'remove_instance'}, name, {wait})
  }
}
