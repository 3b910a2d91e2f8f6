import type {FirewallGroup} from './plan-links.js'

export const READY = 'ready'
export const FAILED = 'failed'

/**
 * What a helper runs in the network of a node, as a shell script: puts its chains before all other rules, removes those of
 * earlier helpers once its own stand, says `ready`, takes each away in its time and ends with the last. SIGTERM ends it at
 * once. It touches no chain but Shoal's. If the rules cannot be set, it says why, and `failed`.
 *
 * @param id - of this helper, 8 characters: two helpers never share a chain
 */
export function faultScript(id: string, groups: readonly FirewallGroup[], nowMs: number): string {
  const chains = groups.flatMap(({incoming, outgoing, untilMs}, index) => [
    {hook: 'INPUT', name: `SHOAL-${id}-${index}i`, rules: incoming, untilMs},
    {hook: 'OUTPUT', name: `SHOAL-${id}-${index}o`, rules: outgoing, untilMs},
  ])
  const used = chains.filter(({rules}) => rules.length > 0)
  const timed = used.filter(({untilMs}) => untilMs !== undefined)
  const undoAll = used.map(({hook, name}) => `undo ${hook} ${name}`).join('; ')
  return [
    'exec 2>&1',
    'undo() { iptables -w -D $1 -j $2 && iptables -w -F $2 && iptables -w -X $2; }',
    `trap '{ ${undoAll}; } >/dev/null; exit 0' TERM`,
    'earlier=$(iptables -w -S INPUT; iptables -w -S OUTPUT)',
    `iptables-restore -w --noflush <<'END' || { echo ${FAILED}; sleep 5; exit 1; }`,
    '*filter',
    ...used.map(({name}) => `:${name} - [0:0]`),
    ...used.flatMap(({hook, name, rules}) => [...rules.map((rule) => `-A ${name} ${rule}`), `-I ${hook} -j ${name}`]),
    'COMMIT',
    'END',
    `echo "$earlier" | while read -r _ hook _ chain; do`,
    '  case "$chain" in SHOAL-*) undo $hook $chain ;; esac',
    'done',
    `echo ${READY}`,
    ...timed.map(({hook, name, untilMs = 0}) => `{ sleep ${seconds(untilMs - nowMs)}; undo ${hook} ${name}; } &`),
    // In the background: a shell that waits hears signals, one that runs a program does not.
    timed.length < used.length ? 'while :; do sleep 3600 & wait $!; done' : 'wait',
  ].join('\n')
}

function seconds(ms: number): string {
  return (Math.max(0, ms) / 1000).toFixed(3)
}
