/** How many replies a command has, and of what form, where that is not one value. */

const SUBSCRIBING = new Set(['subscribe', 'psubscribe', 'ssubscribe'])
const UNSUBSCRIBING = new Set(['unsubscribe', 'punsubscribe', 'sunsubscribe'])

/** After which messages come until the connection ends. */
export function isStream([name = '']: readonly string[]): boolean {
  return SUBSCRIBING.has(name.toLowerCase()) || name.toLowerCase() === 'monitor'
}

/** @returns for commands whose replies come as messages under RESP3: how many there are; undefined for all others */
export function messageCount([name = '', ...channels]: readonly string[]): number | undefined {
  return UNSUBSCRIBING.has(name.toLowerCase()) ? Math.max(1, channels.length) : undefined
}

const TEXTS: Readonly<Record<string, readonly string[] | undefined>> = {
  client: ['info', 'list'],
  cluster: ['info', 'nodes'],
  debug: ['htstats', 'htstats-key'],
  latency: ['doctor', 'graph'],
  memory: ['doctor', 'malloc-stats'],
}

/** Whether it answers with text to be read by people, which is not quoted. */
export function answersText([name = '', sub = '']: readonly string[]): boolean {
  const word = name.toLowerCase()
  return word === 'info' || word === 'lolwut' || TEXTS[word]?.includes(sub.toLowerCase()) === true
}
