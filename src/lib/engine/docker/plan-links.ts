import type {LinkEffect, LinkRule} from '../../model/links.js'
import type {NodeSpec} from '../engine.js'

/** What is to be done with one node's network, so that the rules of an environment hold. */
export interface NodePlan {
  /** Taken off the peer network: nothing flows to it or from it. */
  readonly isOff: boolean
  /** For its firewall and its queue. Each group ends on its own. */
  readonly groups: readonly RuleGroup[]
}

export interface RuleGroup {
  /** Unix time, ms. */
  readonly untilMs?: number
  /** Arguments of iptables, for packets that come and for those that go. */
  readonly incoming: readonly string[]
  readonly outgoing: readonly string[]
  /** Of what goes. */
  readonly delays: readonly PeerDelay[]
}

export interface PeerDelay {
  /** Where the packets go. */
  readonly host: string
  readonly ms: number
  readonly jitterMs: number
}

type Nodes = readonly Pick<NodeSpec, 'name' | 'peerHost'>[]

/**
 * Bytes, without what TCP sends to keep a connection: so a connection that is silent in one direction stays one, and its
 * other direction flows. Segments that end a write have PSH set; those before it are full, and no bare acknowledgement
 * is as long as 81 bytes: 20 of IP, 20 of TCP, 40 of options.
 */
const DATA = ['-p tcp -m tcp --tcp-flags PSH PSH', '-p tcp -m length --length 81:65535']
/** What ends a connection must get through itself. */
const NO_RESET = '-p tcp -m tcp ! --tcp-flags RST RST'

/**
 * Packets are delayed by the sender, where they queue. What else holds in one direction is kept by the receiver. What holds in both is kept by one of the two, by as few nodes in all
 * as is easily found. A node that all others are cut from, both ways and for good, needs no firewall: it is taken off the network.
 *
 * @param nodes - all of the environment, with their peer hosts
 * @param nowMs - rules that have ended by then are left out
 */
export function planLinks(nodes: Nodes, rules: readonly LinkRule[], nowMs: number): Map<string, NodePlan> {
  const inForce = rules.filter(({untilMs}) => untilMs === undefined || untilMs > nowMs)
  const off = namesOff(nodes, inForce)
  const known = new Set(nodes.map(({name}) => name))
  const open = inForce.filter(({from, to}) => [from, to].every((name) => known.has(name) && !off.has(name)))
  const delayed = open.filter(({effect}) => effect.kind === 'delay')
  const left = open.filter((rule) => !delayed.includes(rule))
  const mutual = left.filter((rule) => left.some((other) => isReverse(rule, other)))
  const oneWay = left.filter((rule) => !mutual.includes(rule))
  const keepers = chooseKeepers(mutual)
  return new Map(
    nodes.map(({name}): [string, NodePlan] => {
      const own = [
        ...mutual.filter((rule) => rule.to === name && keepers.get(pairKey(rule)) === name),
        ...oneWay.filter((rule) => rule.to === name),
        ...delayed.filter((rule) => rule.from === name),
      ]
      const groups = [...new Set(own.map(({untilMs}) => untilMs))].map((untilMs) => {
        const members = own.filter((rule) => rule.untilMs === untilMs)
        return {...linesOf(members, mutual, nodes), ...(untilMs !== undefined && {untilMs})}
      })
      return [name, {groups, isOff: off.has(name)}]
    }),
  )
}

function namesOff(nodes: Nodes, rules: readonly LinkRule[]): Set<string> {
  const cut = new Set(
    rules.flatMap(({effect, from, to, untilMs}) =>
      effect.kind === 'drop' && untilMs === undefined ? [`${from}>${to}`] : [],
    ),
  )
  const isOff = (name: string) =>
    nodes.every(
      (other) => other.name === name || (cut.has(`${name}>${other.name}`) && cut.has(`${other.name}>${name}`)),
    )
  return new Set(nodes.length < 2 ? [] : nodes.map(({name}) => name).filter(isOff))
}

function isReverse(a: LinkRule, b: LinkRule): boolean {
  const isSame = a.untilMs === b.untilMs && JSON.stringify(a.effect) === JSON.stringify(b.effect)
  return isSame && a.from === b.to && a.to === b.from
}

function pairKey({from, to}: LinkRule): string {
  return [from, to].sort().join(' ')
}

/** Which node of a pair keeps its rules, by pair: whoever has most of them first. */
function chooseKeepers(mutual: readonly LinkRule[]): Map<string, string> {
  const keepers = new Map<string, string>()
  for (;;) {
    const open = mutual.filter((rule) => !keepers.has(pairKey(rule)))
    if (open.length === 0) return keepers
    const counts = new Map<string, number>()
    for (const {to} of open) counts.set(to, (counts.get(to) ?? 0) + 1)
    const [[most]] = [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)) as [[string, number]]
    for (const rule of open) if (rule.to === most) keepers.set(pairKey(rule), most)
  }
}

function linesOf(rules: readonly LinkRule[], mutual: readonly LinkRule[], nodes: Nodes): RuleGroup {
  const hostOf = (name: string) => nodes.find((node) => node.name === name)?.peerHost ?? ''
  const delays = rules.flatMap(({effect, to}) =>
    effect.kind === 'delay' ? [{host: hostOf(to), jitterMs: effect.jitterMs, ms: effect.ms}] : [],
  )
  const both = rules.map((rule) => {
    const host = hostOf(rule.from)
    const isMutual = mutual.includes(rule)
    const matches = matchesOf(rule.effect, isMutual)
    const incoming = matches.map((match) => `-s ${host}/32 ${match}`)
    return {incoming, outgoing: isMutual ? matches.map((match) => `-d ${host}/32 ${match}`) : []}
  })
  return {
    delays,
    incoming: both.flatMap(({incoming}) => incoming),
    outgoing: both.flatMap(({outgoing}) => outgoing),
  }
}

function matchesOf(effect: LinkEffect, isMutual: boolean): string[] {
  switch (effect.kind) {
    case 'drop':
      return isMutual ? ['-j DROP'] : DATA.map((data) => `${data} -j DROP`)
    case 'reset':
      return (isMutual ? [NO_RESET] : DATA).map((match) => `${match} -j REJECT --reject-with tcp-reset`)
    case 'loss':
      return [`-m statistic --mode random --probability ${effect.probability.toFixed(8)} -j DROP`]
    case 'delay':
      return []
  }
}
