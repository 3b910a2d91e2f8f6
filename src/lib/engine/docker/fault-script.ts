import {delayScript, findInterface, REMOVE_EARLIER_DELAYS} from './delay-script.js'
import type {RuleGroup} from './plan-links.js'

export const READY = 'ready'
export const FAILED = 'failed'

export interface HelperPlan {
  /** Of this helper, 8 hexadecimal digits: two helpers never share a chain. */
  readonly id: string
  readonly groups: readonly RuleGroup[]
  /** Of the node, on the network between the nodes. */
  readonly peerHost: string
}

/**
 * What a helper runs in the network of a node, as a shell script: sets delays, puts its chains before all other rules, removes
 * those of earlier helpers once its own stand, says `ready`, takes each away in its time and ends with the last. SIGTERM ends it
 * at once. It touches no chain and no queue but Shoal's. If the rules cannot be set, it says why, and `failed`.
 */
export function faultScript({groups, id, peerHost}: HelperPlan, nowMs: number): string {
  const chains = groups.flatMap(({incoming, outgoing, untilMs}, index) => [
    {hook: 'INPUT', name: `SHOAL-${id}-${index}i`, rules: incoming, untilMs},
    {hook: 'OUTPUT', name: `SHOAL-${id}-${index}o`, rules: outgoing, untilMs},
  ])
  const used = chains.filter(({rules}) => rules.length > 0)
  const delays = delayScript(id, groups)
  const undoAll = [...used.map(({hook, name}) => `undo ${hook} ${name}`), ...(delays ? [delays.undo] : [])].join('; ')
  const ends = [
    ...used.flatMap(({hook, name, untilMs}) =>
      untilMs === undefined ? [] : [{command: `undo ${hook} ${name}`, untilMs}],
    ),
    ...(delays?.ends ?? []),
  ]
  return [
    'exec 2>&1',
    'undo() { iptables -w -D $1 -j $2 && iptables -w -F $2 && iptables -w -X $2; }',
    `shoal_fail() { echo ${FAILED}; sleep 5; exit 1; }`,
    `trap '{ ${undoAll}; } >/dev/null 2>&1; exit 0' TERM`,
    findInterface(peerHost),
    ...(delays?.set ?? []),
    'earlier=$(iptables -w -S INPUT; iptables -w -S OUTPUT)',
    `iptables-restore -w --noflush <<'END' || { ${delays ? `${delays.undo}; ` : ''}shoal_fail; }`,
    '*filter',
    ...used.map(({name}) => `:${name} - [0:0]`),
    ...used.flatMap(({hook, name, rules}) => [...rules.map((rule) => `-A ${name} ${rule}`), `-I ${hook} -j ${name}`]),
    'COMMIT',
    'END',
    `echo "$earlier" | while read -r _ hook _ chain; do`,
    '  case "$chain" in SHOAL-*) undo $hook $chain ;; esac',
    'done',
    ...(delays ? [] : REMOVE_EARLIER_DELAYS),
    `echo ${READY}`,
    ...ends.map(({command, untilMs}) => `{ sleep ${seconds(untilMs - nowMs)}; ${command}; } &`),
    // In the background: a shell that waits hears signals, one that runs a program does not.
    groups.some(({untilMs}) => untilMs === undefined) ? 'while :; do sleep 3600 & wait $!; done' : 'wait',
  ].join('\n')
}

function seconds(ms: number): string {
  return (Math.max(0, ms) / 1000).toFixed(3)
}
