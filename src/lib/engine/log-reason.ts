const TELLING = /error|warning|fatal|fail|cannot/i
/** What a node says last, whatever the reason. */
const EMPTY_WORDS = /aborting\.?$|^Node\.js v|^\s*at /
/** Of redis-server, over several lines: the title, the line's number, the line, what is wrong with it. */
const CONFIG_ERROR = /FATAL CONFIG FILE ERROR/

/** The line of a node's log that says best why it ended, without its time stamp. */
export function reasonIn(log: readonly string[]): string {
  const config = log.findLastIndex((line) => CONFIG_ERROR.test(line))
  const [, , directive, wrong] = config < 0 ? [] : log.slice(config)
  if (directive?.startsWith('>>> ') && wrong !== undefined) return `${directive.slice(4)}: ${wrong}`
  const lines = log.filter((line) => !EMPTY_WORDS.test(line))
  const line = lines.findLast((each) => TELLING.test(each)) ?? lines.at(-1) ?? log.at(-1)
  return line?.replace(/^\d+:[A-Z] .{20,30}? [.\-*#] /, '') ?? 'it logged nothing'
}
