import inquirer from 'inquirer'
import {primariesOf} from '../../model/cluster-map.js'
import type {ClusterView} from '../../model/cluster-view.js'
import type {FixRecord} from '../../operations/journal.js'
import type {FixItem} from '../../plan/fix/fix.js'
import type {Doubt} from '../../plan/fix/slot.js'
import {describePrimary} from './ask-reshard.js'
import {untilAnswered} from './until-answered.js'

/** What is undecided because a node that may have keys does not answer. */
const GIVEN_UP: readonly Doubt[] = ['owner-down', 'replica-blank', 'target-down']

/**
 * Asks about what `fix` cannot decide: who shall own slots that two claim alike, and whether nodes that do not answer are to
 * be given up.
 *
 * @throws {CliError} INTERRUPTED on Ctrl-C
 */
export function askFix(
  view: ClusterView,
  undecided: readonly FixItem[],
  decided: FixRecord,
  signal: AbortSignal,
): Promise<FixRecord> {
  return untilAnswered(async () => {
    const owners = [...decided.owners]
    for (const item of undecided.filter(({doubt}) => doubt === 'same-epoch')) {
      const owner = await askOwner(view, item)
      if (owner !== undefined) owners.push(`${item.slots}=${owner}`)
    }
    const gone = undecided.filter(({doubt}) => doubt !== undefined && GIVEN_UP.includes(doubt))
    const withUnreachable = gone.length > 0 ? await askGiveUp(gone) : decided.withUnreachable
    return {...decided, owners, withUnreachable}
  }, signal)
}

async function askOwner(view: ClusterView, {found, slots}: FixItem): Promise<string | undefined> {
  const choices = [
    {name: 'Leave them as they are', value: ''},
    ...primariesOf(view).map((primary) => ({name: describePrimary(primary), value: primary.node.id})),
  ]
  const {answer} = await inquirer.prompt([
    {choices, message: `Who shall own slots ${slots}? (${found})`, name: 'answer', pageSize: 12, type: 'select'},
  ])
  return answer === '' ? undefined : String(answer)
}

async function askGiveUp(items: readonly FixItem[]): Promise<boolean> {
  const slots = items.map((item) => item.slots).join(',')
  const {answer} = await inquirer.prompt([
    {
      default: false,
      message: `Give up the nodes that do not answer, and the keys of slots ${slots} that only they have?`,
      name: 'answer',
      type: 'confirm',
    },
  ])
  return answer === true
}
