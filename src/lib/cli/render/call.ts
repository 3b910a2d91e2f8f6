import type {CallOutcome, CallReply} from '../../operations/call.js'
import {numberedLines} from './numbered.js'
import type {Style} from './style.js'

/** What every node answered: a line each, or a heading with the lines of a longer reply under it. */
export function renderCall(outcomes: readonly CallOutcome[], style: Style): string {
  const width = Math.max(...outcomes.map(({address}) => address.length))
  return outcomes
    .map(({address, error, reply}) => {
      const lines = error ? [style.red(`(error) ${error.message}`)] : replyLines(reply ?? null)
      const [only, ...others] = lines
      if (others.length === 0) return `${style.bold(address.padEnd(width))}  ${only ?? '(empty array)'}`
      return [style.bold(address), ...lines.map((line) => `  ${line}`)].join('\n')
    })
    .join('\n')
}

/** As redis-cli writes replies, but text stands without quotes. */
function replyLines(reply: CallReply): string[] {
  if (reply === null) return ['(nil)']
  if (typeof reply === 'number') return [`(integer) ${reply}`]
  if (typeof reply === 'string') return reply === '' ? ['(empty string)'] : reply.trimEnd().split(/\r?\n/)
  if (!Array.isArray(reply)) return [`(base64) ${reply.base64}`]
  return numberedLines(reply.map(replyLines))
}
