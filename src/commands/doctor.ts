import {Flags} from '@oclif/core'
import {BaseCommand} from '../lib/cli/base-command.js'
import {environmentParts} from '../lib/cli/environment/parts.js'
import {renderDiagnosis} from '../lib/cli/render/doctor.js'
import {ENGINES} from '../lib/engine/engine.js'
import {type Diagnosis, diagnose} from '../lib/environment/doctor/doctor.js'
import {thisMachine} from '../lib/environment/doctor/machine.js'
import {DEFAULTS} from '../lib/environment/spec.js'

export default class Doctor extends BaseCommand {
  static override summary = 'Tell what this machine can and cannot do for environments.'
  static override description =
    'Each thing that is missing, what that means, and a remedy. Exits 8 if something is missing that the engine cannot do ' +
    'without. Changes nothing.'

  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --engine docker --json',
  ]

  static override flags = {
    engine: Flags.option({default: DEFAULTS.engine, options: ENGINES, summary: 'The engine that is wanted.'})(),
  }

  async run(): Promise<Diagnosis> {
    const {flags} = await this.parse(Doctor)
    const diagnosis = await diagnose(environmentParts(process.env), flags.engine, thisMachine(process.env))
    this.print(renderDiagnosis(diagnosis, this.style))
    if (!diagnosis.ok) this.exitWith(8)
    return diagnosis
  }
}
