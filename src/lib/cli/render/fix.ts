import type {FixItem, FixPlan} from '../../plan/fix/fix.js'
import {renderAmount} from './numbers.js'
import type {Style} from './style.js'
import {wrapText} from './wrap.js'

const LABEL_WIDTH = 8
/** Ranges shown before a list of slots is cut short; `--json` has them all. */
const RANGES_SHOWN = 12

/**
 * What is wrong and what is to be done about it, item by item.
 *
 * @param columns - lines are wrapped to this width
 */
export function renderFix({items}: FixPlan, style: Style, columns: number): string {
  if (items.length === 0) return `${style.green('OK')}  Every slot has one owner with all its keys, and none is open.`
  return items.map((item) => renderItem(item, style, columns)).join('\n\n')
}

function renderItem(item: FixItem, style: Style, columns: number): string {
  const {action, found, keyCount, problem, risk, slotCount, steps, way, why} = item
  const keys = keyCount > 0 ? `, ${renderAmount(keyCount, 'key')} to bring over` : ''
  const head = `${style.bold(problem)}  ${shortRanges(item.slots)} (${renderAmount(slotCount, 'slot')}${keys})`
  const line = (label: string, text: string) => {
    const [first = '', ...rest] = wrapText(text, columns - LABEL_WIDTH - 2)
    return [
      `  ${style.dim(label.padEnd(LABEL_WIDTH))}${first}`,
      ...rest.map((more) => ' '.repeat(LABEL_WIDTH + 2) + more),
    ]
  }
  const decided = steps.length > 0
  return [
    head,
    ...line('found', found),
    ...line(decided ? 'do' : style.yellow('open'), decided ? action : 'left as it is: this is for you to decide'),
    ...line('why', why),
    ...(decided ? line('risk', risk === '' ? 'none' : risk) : []),
    // A command line stays in one piece, to be pasted.
    ...(way === '' ? [] : [`  ${style.dim('try'.padEnd(LABEL_WIDTH))}${way}`]),
  ].join('\n')
}

function shortRanges(slots: string): string {
  const ranges = slots.split(',')
  if (ranges.length <= RANGES_SHOWN) return slots
  return `${ranges.slice(0, RANGES_SHOWN).join(',')} and ${ranges.length - RANGES_SHOWN} ranges more`
}
