import {type FaultReport, type FaultRequest, makeFault, previewFault} from '../../environment/faults/make.js'
import {DEFAULTS} from '../../environment/spec.js'
import {BaseCommand} from '../base-command.js'
import {renderFault} from '../render/faults.js'
import {environmentParts} from './parts.js'

/** What partition, slow and flaky share. */
export abstract class FaultCommand extends BaseCommand {
  /** @param usesChance - the seed is worth telling */
  protected async carryOut(request: FaultRequest, dryRun: boolean, usesChance: boolean): Promise<FaultReport> {
    const parts = environmentParts(process.env)
    const report = await (dryRun ? previewFault : makeFault)(parts, request, this.signal)
    this.print(renderFault(report, Date.now(), this.style))
    if (usesChance) this.note(`The same again: --seed ${report.seed}`)
    if (!dryRun) this.note(`Undo: shoal heal${request.name === DEFAULTS.name ? '' : ` --name ${request.name}`}`)
    if (report.links.some(({wrong}) => wrong)) this.exitWith(6)
    return report
  }
}

/** Whether a selector leaves something to chance. */
export function isByChance(...selectors: readonly (string | undefined)[]): boolean {
  return selectors.some((selector) => selector?.includes('random:'))
}
