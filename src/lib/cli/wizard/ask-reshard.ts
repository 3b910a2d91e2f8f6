import inquirer from 'inquirer'
import {messageOf} from '../../kernel/errors.js'
import {renderAddress} from '../../model/address.js'
import {keyCountOf, nameNode, type ObservedNode, primariesOf} from '../../model/cluster-map.js'
import type {ClusterView} from '../../model/cluster-view.js'
import {type NodeId, shortId} from '../../model/node-id.js'
import {countSlots} from '../../model/slot-set.js'
import {parseSlotSelection, planReshard, type ReshardRequest, type SlotSelection} from '../../plan/moves/reshard.js'
import {renderAmount, renderBytes} from '../render/numbers.js'
import type {PartialRequest} from './complete-request.js'
import {untilAnswered} from './until-answered.js'

/**
 * The wizard of `reshard`: asks for the target, how many or which slots, and the sources, and checks each answer with the
 * planner itself, so that no plan can fail after the last question.
 *
 * @throws {CliError} INTERRUPTED on Ctrl-C; the planner's refusals of what the command line gave
 */
export async function askReshard(
  view: ClusterView,
  given: PartialRequest,
  signal: AbortSignal,
): Promise<ReshardRequest> {
  return untilAnswered(async () => {
    const to = given.to ?? (await askTarget(view))
    // What is wrong with the target or the sources, no answer to the next questions mends.
    planReshard(view, {from: given.from ?? 'all', slots: given.slots ?? {count: 1}, to})
    const slots = given.slots ?? (await askSlots(view, to, given.from))
    const from = given.from ?? ('ranges' in slots ? 'all' : await askSources(view, to, slots))
    return {from, to, slots}
  }, signal)
}

/** `127.0.0.1:7000  3f2a1b9c   5461 slots   16667 keys  2.5 MB` */
export function describePrimary({node, own}: ObservedNode): string {
  const memory = Number(node.info.get('used_memory') ?? Number.NaN)
  return [
    renderAddress(node.address).padEnd(21),
    shortId(node.id),
    renderAmount(countSlots(own.slots), 'slot').padStart(12),
    renderAmount(keyCountOf(node), 'key').padStart(14),
    ...(Number.isFinite(memory) ? [renderBytes(memory).padStart(8)] : []),
  ].join('  ')
}

async function askTarget(view: ClusterView): Promise<NodeId> {
  const choices = primariesOf(view).map((primary) => ({
    name: describePrimary(primary),
    short: nameNode(primary.node),
    value: primary.node.id,
  }))
  const {answer} = await inquirer.prompt([
    {choices, message: 'Which primary gets the slots?', name: 'answer', pageSize: 12, type: 'select'},
  ])
  return answer as NodeId
}

async function askSlots(view: ClusterView, to: string, from: PartialRequest['from']): Promise<SlotSelection> {
  const {answer} = await inquirer.prompt([
    {
      message: 'How many slots, or which (1000, or 0-99,300-300)?',
      name: 'answer',
      type: 'input',
      validate: (text: string) =>
        refusalOf(() => planReshard(view, {from: from ?? 'all', slots: parseSlotSelection(text), to})),
    },
  ])
  return parseSlotSelection(String(answer))
}

async function askSources(view: ClusterView, to: string, slots: SlotSelection): Promise<readonly string[] | 'all'> {
  const target = primariesOf(view).find(({node}) => node.id === to || renderAddress(node.address) === to)
  const sources = primariesOf(view).filter(({node, own}) => node.id !== target?.node.id && countSlots(own.slots) > 0)
  const choices = [
    {name: 'all of them, each in proportion to what it owns', short: 'all', value: 'all'},
    ...sources.map((primary) => ({
      name: describePrimary(primary),
      short: nameNode(primary.node),
      value: primary.node.id as string,
    })),
  ]
  const chosen = (values: readonly string[]) => (values.includes('all') ? 'all' : values)
  const {answer} = await inquirer.prompt([
    {
      choices,
      message: 'From which primaries? (space selects)',
      name: 'answer',
      pageSize: 12,
      type: 'checkbox',
      validate: (selected: readonly {readonly value: string}[]) => {
        const values = selected.map(({value}) => value)
        if (values.length === 0) return 'Select at least one.'
        return refusalOf(() => planReshard(view, {from: chosen(values), slots, to}))
      },
    },
  ])
  return chosen(answer as string[])
}

/** inquirer's form of a check: true, or what is wrong. */
function refusalOf(plan: () => unknown): true | string {
  try {
    plan()
    return true
  } catch (error) {
    return messageOf(error)
  }
}
