import type {KeyReport} from '../../operations/crdb/explain.js'
import type {ElementExplanation, KeyExplanation, RowExplanation} from '../../server/crdt/core/api.js'
import type {Style} from './style.js'

/** What regions know of a key, each; once if they all know the same. */
export function renderKeyReport({element, equal, key, regions}: KeyReport, style: Style): string {
  const known = regions.filter(({explanation}) => explanation !== undefined)
  const silent = regions.filter(({error}) => error !== undefined)
  const lines: string[] = []
  if (known.length === 0) lines.push(`Nothing is known of ${JSON.stringify(key)}.`)
  if (equal && known.length > 0) {
    const names = regions.filter(({error}) => error === undefined).map(({cluster}) => cluster)
    lines.push(style.bold(names.length > 1 ? `${names.join(', ')} know the same:` : `${names.join('')}:`))
    lines.push(...explanationLines(known[0]!.explanation!, element, style))
  }
  if (!equal) {
    for (const {cluster, error, explanation} of regions) {
      if (error !== undefined) continue
      lines.push(style.bold(`${cluster}:`))
      lines.push(...(explanation ? explanationLines(explanation, element, style) : ['  nothing is known of the key']))
    }
  }
  for (const {cluster, error} of silent) lines.push(style.red(`${cluster} could not be asked: ${error}`))
  return lines.join('\n')
}

function explanationLines(
  {because, deadlines, key, slot, type, values}: KeyExplanation,
  element: string | undefined,
  style: Style,
): string[] {
  return [
    `  ${JSON.stringify(key)} ${style.dim(`slot ${slot}`)}: ${type === 'none' ? 'nothing visible' : type}`,
    `  ${because}`,
    ...deadlines.map(
      (row) => `  deadline ${row.value === 'none' ? 'none' : timeOf(Number(row.value))}, ${writerOf(row)}`,
    ),
    ...values.flatMap((value) => [
      ...(values.length > 1 || !value.visible ? [`  ${value.type}${value.visible ? '' : ', hidden'}`] : []),
      ...value.elements.flatMap((element) => elementLines(element, style)),
      ...(element !== undefined && value.elements.length === 0
        ? [`    nothing is known of ${JSON.stringify(element)} in it`]
        : []),
      ...(element === undefined && value.elementCount > value.elements.length
        ? [`    and ${value.elementCount - value.elements.length} more: name one to see it`]
        : []),
    ]),
  ]
}

function elementLines({counters, dots, name, rows, value}: ElementExplanation, style: Style): string[] {
  const shown = value === undefined || value === name ? '' : ` = ${JSON.stringify(value)}`
  return [
    `    ${name === '' ? 'value' : JSON.stringify(name)}${shown} ${style.dim(dots.join(' '))}`.trimEnd(),
    ...rows.map((row) => {
      const text = `      ${row.wins ? 'wins' : 'loses'}: ${JSON.stringify(row.value)}, ${writerOf(row)}`
      return row.wins ? style.green(text) : style.dim(text)
    }),
    ...counters.map(({epoch, region, reset, total}) => {
      const undone = reset === '0' ? '' : `, of which ${reset} was reset`
      return `      region ${region} added ${total}${undone} ${style.dim(`as ${region}.${epoch}`)}`
    }),
  ]
}

function writerOf({atMs, dot, region, tick}: RowExplanation): string {
  return `by region ${region} at ${timeOf(atMs)}${tick > 0 ? `+${tick}` : ''} (${dot})`
}

function timeOf(unixMs: number): string {
  return new Date(unixMs).toISOString()
}
