import type {CheckReport} from '../../operations/check.js'
import {SEVERITIES, type Severity} from '../../plan/finding.js'
import {renderAmount, renderCount} from './numbers.js'
import type {Style} from './style.js'
import {wrapText} from './wrap.js'

const LABELS: Readonly<Record<Severity, string>> = {error: 'ERROR', warning: 'WARNING', notice: 'NOTICE'}
const LABEL_WIDTH = 9

/**
 * A check as people read it: the cluster in one line, each finding with its way forward, the verdict.
 *
 * @param columns - lines are wrapped to this width
 */
export function renderCheck(report: CheckReport, style: Style, columns: number): string {
  const {seed, totals, findings, counts} = report
  const head =
    `${style.bold(seed)}: ${renderAmount(totals.primaries, 'primary', 'primaries')}, ` +
    `${renderAmount(totals.replicas, 'replica')}, ${renderCount(totals.slotsCovered)} of 16,384 slots, ` +
    renderAmount(totals.keys, 'key')
  const lines = [head]
  for (const {severity, id, message, suggestion} of findings) {
    const paint = severity === 'error' ? style.red : severity === 'warning' ? style.yellow : style.dim
    const [first = '', ...rest] = wrapText(`${message} [${id}]`, columns - LABEL_WIDTH)
    lines.push(paint(LABELS[severity].padEnd(LABEL_WIDTH)) + first)
    lines.push(...rest.map((line) => ' '.repeat(LABEL_WIDTH) + line))
    if (suggestion === '') continue
    const [way = '', ...more] = wrapSuggestion(suggestion, columns - LABEL_WIDTH - 5)
    lines.push(`${' '.repeat(LABEL_WIDTH)}${style.dim('Try:')} ${way}`)
    lines.push(...more.map((line) => ' '.repeat(LABEL_WIDTH + 5) + line))
  }
  if (counts.error + counts.warning === 0) {
    lines.push(`${style.green('OK'.padEnd(LABEL_WIDTH))}All nodes agree, every slot is covered, no slot is open.`)
  } else {
    lines.push(SEVERITIES.map((severity) => renderAmount(counts[severity], severity)).join(', '))
  }
  return lines.join('\n')
}

/** A space that is none for the wrapping. */
const GLUE = '\0'

/** A command line stays in one piece, to be pasted. */
function wrapSuggestion(suggestion: string, width: number): string[] {
  if (suggestion.startsWith('shoal ')) return [suggestion]
  const glued = suggestion.replace(/\bshoal .*?(?=\. |$)/g, (command) => command.replaceAll(' ', GLUE))
  return wrapText(glued, width).map((line) => line.replaceAll(GLUE, ' '))
}
