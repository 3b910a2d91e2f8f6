import {execFileSync} from 'node:child_process'
import {mkdirSync, readFileSync, writeFileSync} from 'node:fs'
import {cpus, release, totalmem} from 'node:os'
import {join} from 'node:path'

/** Figures, tables and the files they go to. */

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  if (sorted.length === 0) return Number.NaN
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** As tables show them. @param unit - with the blank before it, if any */
export function medianWithRange(values: readonly number[], digits = 0, unit = ' ms'): string {
  const [middle, least, most] = [median(values), Math.min(...values), Math.max(...values)]
  return `${middle.toFixed(digits)}${unit} (${least.toFixed(digits)}-${most.toFixed(digits)})`
}

export function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length)
}

/** @param fraction - 0..1; nearest rank */
export function percentile(sorted: ArrayLike<number>, fraction: number): number {
  if (sorted.length === 0) return Number.NaN
  return sorted[Math.min(sorted.length - 1, Math.ceil(fraction * sorted.length) - 1)] as number
}

export function thousands(value: number): string {
  return `${(value / 1000).toFixed(value < 100_000 ? 1 : 0)}k`
}

/** A Markdown table, columns aligned so that it reads well in a terminal too. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((cell, i) => Math.max(cell.length, 3, ...rows.map((row) => (row[i] ?? '').length)))
  const line = (cells: readonly string[]) => `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`
  return [line(header), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n')
}

export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryGb: number
  readonly kernel: string
  readonly node: string
  readonly redis: string
}

export function describeMachine(): Machine {
  const [first] = cpus()
  const banner = execFileSync('redis-server', ['--version']).toString()
  return {
    cores: cpus().length,
    cpu: first?.model ?? 'unknown',
    kernel: `${process.platform} ${release()}`,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    redis: /v=(\S+)/.exec(banner)?.[1] ?? 'unknown',
  }
}

export function machineLine({cores, cpu, kernel, memoryGb, node, redis}: Machine): string {
  return `${cpu}, ${cores} cores, ${memoryGb} GB, ${kernel}, Node.js ${node}, redis-server ${redis}`
}

/**
 * Writes `results/<topic>.json`, and unless it was a quick run the section of README.md between
 * `<!-- topic -->` and `<!-- /topic -->`.
 *
 * @param tables - Markdown
 */
export function publish(topic: string, quick: boolean, result: object, tables: readonly string[]): void {
  const folder = join(import.meta.dirname, 'results')
  mkdirSync(folder, {recursive: true})
  const path = join(folder, `${topic}${quick ? '-quick' : ''}.json`)
  const machine = describeMachine()
  const measuredAt = new Date().toISOString()
  writeFileSync(path, `${JSON.stringify({topic, measuredAt, machine, ...result}, null, 2)}\n`)
  console.log(`written to ${path}`)
  if (quick) return
  const readme = join(import.meta.dirname, 'README.md')
  const [begin, end] = [`<!-- ${topic} -->`, `<!-- /${topic} -->`]
  const text = readFileSync(readme, 'utf8')
  const [before, rest = ''] = text.split(begin)
  const after = rest.split(end)[1] ?? ''
  const section = [`Measured on ${measuredAt.slice(0, 10)}: ${machineLine(machine)}.`, ...tables].join('\n\n')
  writeFileSync(readme, `${before}${begin}\n${section}\n${end}${after}`)
}
