import type {Style} from './style.js'

/** What stands before each line of a node's log, where there are several: its name, each in its own colour. */
export function logPrefix(nodes: readonly string[], node: string, style: Style): string {
  if (nodes.length < 2) return ''
  const width = Math.max(...nodes.map(({length}) => length))
  return style.nth(nodes.indexOf(node), `${node.padEnd(width)} | `)
}
