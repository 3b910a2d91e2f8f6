import type {Diagnosis, MachineFinding} from '../../environment/doctor/doctor.js'
import type {Style} from './style.js'
import {renderTable} from './table.js'

/** A line per finding, its remedy under it, and what that means for the engine. */
export function renderDiagnosis({engine, findings, ok}: Diagnosis, style: Style): string {
  const rows = findings.map((finding) => [markOf(finding, style), finding.id, finding.text])
  const lines = renderTable([{title: ''}, {title: ''}, {title: ''}], rows).slice(1)
  const indent = ' '.repeat(4)
  const body = lines.flatMap((line, index) => {
    const {ok: isFine, remedy} = findings[index] as MachineFinding
    return isFine || remedy === undefined ? [line] : [line, `${indent}${style.dim(`Try: ${remedy}`)}`]
  })
  const verdict = ok
    ? `The ${engine} engine can be used.`
    : `The ${engine} engine cannot be used: see ${style.red('lacks')} above.`
  return [...body, '', verdict].join('\n')
}

function markOf({needed, ok}: MachineFinding, style: Style): string {
  if (ok) return style.green('ok')
  return needed ? style.red('lacks') : style.yellow('none')
}
