import type {PeerDelay, RuleGroup} from './plan-links.js'

/**
 * Delays of what a node sends, as lines of a helper's script (`fault-script.ts`). The interface is found by the node's address:
 * it is called otherwise after each time that the node was connected.
 *
 *     root htb HANDLE -- to a delayed peer --> class HANDLE:1, 2 ... one for each delay -- netem
 *          |
 *          +-- all else goes at once: htb holds back only what a filter gives to a class
 *
 * Nothing but a root of these handles is ever removed: the kernel refuses to delete one by another's.
 */
export interface DelayScript {
  /** Sets the root, the classes and the filters; `shoal_fail` where that cannot be done. */
  readonly set: readonly string[]
  /** A command that takes all of it away. */
  readonly undo: string
  /** What ends by itself: a command, and when, Unix time, ms. */
  readonly ends: readonly {readonly command: string; readonly untilMs: number}[]
}

/** Faster than any link here. It also keeps packets in order that jitter would let overtake each other. */
const RATE = 'rate 10gbit'
/** Packets that may be under way. */
const LIMIT = 'limit 100000'
/** Bytes that a class sends in its turn; without, htb takes too much at that rate, and says so in the kernel's log. */
const QUANTUM = 'quantum 60000'

/** A pattern of the shell: quoted, a question mark would be one. */
const OWN_ROOT = '"qdisc htb 1"???": "*'

/** Takes away what helpers before this one left. */
export const REMOVE_EARLIER_DELAYS = [
  'case "$(tc qdisc show dev "$dev" root 2>/dev/null)" in',
  `  ${OWN_ROOT}) tc qdisc del dev "$dev" root ;;`,
  'esac',
]

/** Sets `dev`; empty if no interface has the address. */
export function findInterface(host: string): string {
  return `dev=$(ip -o -4 addr show to ${host}/32 2>/dev/null | { read -r _ name _; echo "$name"; })`
}

/**
 * @param id - of the helper, hexadecimal digits
 * @returns undefined without delays
 */
export function delayScript(id: string, groups: readonly RuleGroup[]): DelayScript | undefined {
  const delays = groups.flatMap((group) => group.delays)
  if (delays.length === 0) return undefined
  const handle = `1${id.slice(0, 3)}:`
  const kinds = [...new Set(delays.map(netemOf))]
  const undo = `tc qdisc del dev "$dev" root handle ${handle}`
  const set = [
    `[ -n "$dev" ] || { echo 'the node is not on its network'; shoal_fail; }`,
    'case "$(tc qdisc show dev "$dev" root)" in',
    `  ""|"qdisc noqueue "*|${OWN_ROOT}) ;;`,
    `  *) echo 'its packets are queued by somebody else'; shoal_fail ;;`,
    'esac',
    `tc -batch - <<END || { ${undo}; shoal_fail; }`,
    `qdisc replace dev $dev root handle ${handle} htb`,
    ...kinds.flatMap((netem, index) => [
      `class add dev $dev parent ${handle} classid ${handle}${hex(index + 1)} htb ${RATE} ${QUANTUM}`,
      `qdisc add dev $dev parent ${handle}${hex(index + 1)} ${netem}`,
    ]),
    ...groups.flatMap((group, index) =>
      group.delays.map((delay) => {
        const flow = `${handle}${hex(kinds.indexOf(netemOf(delay)) + 1)}`
        // A number for each group: by it they are taken away.
        const place = `parent ${handle} protocol ip pref ${index + 1}`
        return `filter add dev $dev ${place} u32 match ip dst ${delay.host}/32 flowid ${flow}`
      }),
    ),
    'END',
  ]
  return {ends: endsOf(groups, handle, undo), set, undo}
}

/** The group that ends last takes the root with it, where all end. */
function endsOf(groups: readonly RuleGroup[], handle: string, undo: string): DelayScript['ends'] {
  const lastMs = Math.max(
    ...groups.map((group) => (group.delays.length > 0 ? (group.untilMs ?? Number.POSITIVE_INFINITY) : 0)),
  )
  return groups.flatMap(({delays, untilMs}, index) => {
    if (delays.length === 0 || untilMs === undefined) return []
    const command = untilMs === lastMs ? undo : `tc filter del dev "$dev" parent ${handle} pref ${index + 1}`
    return [{command, untilMs}]
  })
}

function netemOf({jitterMs, ms}: PeerDelay): string {
  const delay = `netem ${LIMIT} delay ${microseconds(ms)}`
  return jitterMs === 0 ? delay : `${delay} ${microseconds(jitterMs)} ${RATE}`
}

function microseconds(ms: number): string {
  return `${Math.round(ms * 1000)}us`
}

function hex(value: number): string {
  return value.toString(16)
}

/** What the kernel must have, tried where nothing else is: the word `lacks` and its module, or `works`. */
export const TRY_DELAYS = [
  'exec 2>&1',
  'attempt() { module=$1; shift; "$@" || { echo "lacks $module"; exit 0; }; }',
  'attempt sch_htb tc qdisc add dev lo root handle 1000: htb',
  `attempt sch_htb tc class add dev lo parent 1000: classid 1000:1 htb ${RATE} ${QUANTUM}`,
  `attempt sch_netem tc qdisc add dev lo parent 1000:1 ${netemOf({host: '', jitterMs: 1, ms: 2})}`,
  'attempt cls_u32 tc filter add dev lo parent 1000: protocol ip pref 1 u32 match ip dst 127.0.0.1/32 flowid 1000:1',
  'echo works',
].join('\n')
