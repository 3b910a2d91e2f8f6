import type {HealReport} from '../../environment/faults/heal.js'
import type {FaultReport} from '../../environment/faults/make.js'
import type {ProbedLink} from '../../environment/faults/probe.js'
import type {FaultSummary} from '../../environment/faults/record.js'
import type {SkippedNode} from '../../environment/faults/scene.js'
import {renderDuration} from '../duration.js'
import type {Style} from './style.js'
import {renderTable} from './table.js'

type Links = readonly ProbedLink[]

/** A table wider than that says nothing at a look. */
const MATRIX_NODES_MAX = 20
const LEGEND = [
  ['x', 'cut'],
  ['~', 'slow'],
  ['%', 'flaky'],
  ['!', 'not as meant'],
] as const

/** What was made or would be: the fault, who reaches whom, and a table of the links. */
export function renderFault(report: FaultReport, nowMs: number, style: Style): string {
  const {dryRun, fault, links, name, nodes, replaced, skipped} = report
  const {appliedAtMs: _at, ...planned} = fault
  const head = dryRun
    ? `would make ${style.bold(fault.kind)} in ${name}: ${fault.text}`
    : `${style.bold(`${fault.kind} ${planned.id}`)} in ${name}: ${fault.text}${renderTime(fault, nowMs)}`
  const instead =
    replaced.length === 0 ? [] : [`${dryRun ? 'would take' : 'takes'} the place of ${replaced.join(', ')}`]
  return [head, ...instead, ...renderLinks(nodes, links, style), ...renderSkipped(skipped)].join('\n')
}

export function renderHeal({faults, healed, links, nodes, skipped}: HealReport, nowMs: number, style: Style): string {
  const head =
    healed.length === 0 ? ['nothing to heal'] : healed.map(({id, kind, text}) => `healed ${kind} ${id}: ${text}`)
  const left = faults.map(
    (fault) => `still in force: ${fault.kind} ${fault.id}: ${fault.text}${renderTime(fault, nowMs)}`,
  )
  return [...head, ...left, ...renderLinks(nodes, links, style), ...renderSkipped(skipped)].join('\n')
}

function renderTime({untilMs}: Pick<Partial<FaultSummary>, 'untilMs'>, nowMs: number): string {
  return untilMs === undefined ? '' : `, heals by itself in ${renderDuration(Math.max(0, untilMs - nowMs))}`
}

function renderSkipped(skipped: readonly SkippedNode[]): string[] {
  const names = skipped.map(({name, reason}) => `${name} (${reason})`)
  return names.length === 0 ? [] : [`not tried: ${names.join(', ')}`]
}

function renderLinks(nodes: readonly string[], links: Links, style: Style): string[] {
  const sentence = renderReach(nodes, links)
  const marks = new Set(links.map(markOf))
  if (marks.size === 1 && marks.has('.')) return [sentence]
  if (nodes.length > MATRIX_NODES_MAX)
    return [sentence, `${nodes.length} nodes make a table too wide: --json has each link`]
  const legend = LEGEND.filter(([mark]) => marks.has(mark)).map(([mark, meaning]) => `${mark} ${meaning}`)
  return [sentence, ...renderMatrix(nodes, links, style), style.dim(legend.join('   '))]
}

/** A row per sender, a column per receiver. */
function renderMatrix(nodes: readonly string[], links: Links, style: Style): string[] {
  const marks = new Map(links.map((link) => [`${link.from} ${link.to}`, markOf(link)]))
  const cell = (from: string, to: string) => paintMark(from === to ? '-' : (marks.get(`${from} ${to}`) ?? '.'), style)
  const columns = [{title: 'FROM \\ TO'}, ...nodes.map((title) => ({title}))]
  const rows = nodes.map((from) => [from, ...nodes.map((to) => cell(from, to))])
  const [titles = '', ...lines] = renderTable(columns, rows)
  return [style.dim(titles), ...lines]
}

function markOf({blocked, delay, loss, wrong}: ProbedLink): string {
  if (wrong) return '!'
  if (blocked) return 'x'
  if (loss !== undefined) return '%'
  return delay ? '~' : '.'
}

function paintMark(mark: string, style: Style): string {
  if (mark === 'x' || mark === '!') return style.red(mark)
  return mark === '-' || mark === '.' ? style.dim(mark) : style.yellow(mark)
}

/**
 * Who reaches whom, in a sentence: groups if the cuts make groups, with or without nodes that reach everybody; else who does not
 * reach whom. As meant, not as found.
 */
export function renderReach(nodes: readonly string[], links: Links): string {
  const cut = new Set(links.filter(({blocked}) => blocked).map(({from, to}) => `${from} ${to}`))
  if (cut.size === 0) return 'All nodes reach each other.'
  const reaches = (from: string, to: string) => !cut.has(`${from} ${to}`)
  const isBridge = (node: string) => nodes.every((other) => reaches(node, other) && reaches(other, node))
  const bridges = nodes.filter(isBridge)
  const groups = groupsOf(
    nodes.filter((node) => !bridges.includes(node)),
    reaches,
  )
  if (groups) {
    const apart = groups.map((group) => group.join(',')).join(' / ')
    const bridge = bridges.length === 0 ? '' : `; ${bridges.join(',')} reach${bridges.length === 1 ? 'es' : ''} all`
    return `Groups that do not reach each other: ${apart}${bridge}.`
  }
  return renderEach(nodes, (from) => nodes.filter((to) => !reaches(from, to)))
}

/** @returns groups within which all reach each other and from which nobody reaches another; undefined if it is not so */
function groupsOf(nodes: readonly string[], reaches: (from: string, to: string) => boolean): string[][] | undefined {
  const groups: string[][] = []
  for (const node of nodes) {
    const own = groups.find(([first]) => first !== undefined && reaches(first, node))
    if (own) own.push(node)
    else groups.push([node])
  }
  const isTogether = (a: string, b: string) => groups.some((group) => group.includes(a) && group.includes(b))
  return nodes.every((a) => nodes.every((b) => reaches(a, b) === isTogether(a, b))) ? groups : undefined
}

/** Senders that miss the same receivers share a sentence. */
function renderEach(nodes: readonly string[], missedBy: (from: string) => string[]): string {
  const senders = new Map<string, string[]>()
  for (const from of nodes) {
    const missed = missedBy(from).join(',')
    if (missed !== '') senders.set(missed, [...(senders.get(missed) ?? []), from])
  }
  return [...senders]
    .map(([missed, from]) => `${from.join(',')} ${from.length === 1 ? 'does' : 'do'} not reach ${missed}.`)
    .join(' ')
}
