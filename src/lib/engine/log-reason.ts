const TELLING = /error|warning|fatal|fail|cannot/i
/** What a node says last, whatever the reason. */
const EMPTY_WORDS = /aborting\.?$|^Node\.js v|^\s*at /

/** The line of a node's log that says best why it ended, without its time stamp. */
export function reasonIn(log: readonly string[]): string {
  const lines = log.filter((line) => !EMPTY_WORDS.test(line))
  const line = lines.findLast((each) => TELLING.test(each)) ?? lines.at(-1) ?? log.at(-1)
  return line?.replace(/^\d+:[A-Z] .{20,30}? [.\-*#] /, '') ?? 'it logged nothing'
}
