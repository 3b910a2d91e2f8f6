import {writeFile} from 'node:fs/promises'
import {messageOf} from '../../kernel/errors.js'
import type {MovePlan} from '../../plan/moves/reshard-document.js'
import {badFlag} from '../flags.js'

/** @throws {CliError} BAD_FLAG if the file cannot be written */
export async function writePlan(file: string, plan: MovePlan): Promise<void> {
  try {
    await writeFile(file, `${JSON.stringify(plan, null, 2)}\n`)
  } catch (error) {
    throw badFlag(`--plan-out ${file} cannot be written: ${messageOf(error)}`)
  }
}
