import {randomBytes} from 'node:crypto'
import {NodeReplyError} from '../client/reply-error.js'
import {CliError} from '../kernel/errors.js'
import type {Link, LinkEffect, LinkRule} from '../model/links.js'
import {type Layout, type NodeRef, type NodeSpec, type Probe, peerAddress} from './engine.js'
import type {LinkControl, LinkReading} from './links.js'
import {callNode, leaveForNode} from './node-call.js'
import {asReadings, type ProbeRound, probeAnswers, timesOf} from './probe-round.js'

/** A node answers within milliseconds; one that is busy for longer is waited for. */
const ANSWER_MS = 15_000
/** To hand something to the system, on this machine. */
const LEAVE_MS = 500

interface RunningNode {
  readonly ref: NodeRef
  readonly spec: NodeSpec
}

/**
 * Faults that the embedded nodes make themselves, with SHOAL.FAULT, on the connections they open: both ends of a link get
 * its rules. A frozen node finds them when it goes on, before whatever it was told later; nothing can be asked of it, so its
 * links are left out of readings.
 */
export class EmbeddedLinks implements LinkControl {
  /** @param list - running and paused nodes of an environment */
  constructor(private readonly list: (environment: string) => Promise<NodeRef[]>) {}

  async supports(_kind: LinkEffect['kind']): Promise<Probe> {
    return {available: true}
  }

  async apply(layout: Layout, rules: readonly LinkRule[], signal: AbortSignal): Promise<void> {
    const nodes = await this.running(layout)
    const madeMs = Date.now()
    const done = await Promise.allSettled(
      nodes.map((node) => this.setRules(node, faultWords(node.spec.name, layout, rules), madeMs, signal)),
    )
    for (const each of done) if (each.status === 'rejected') throw each.reason
  }

  private async setRules(node: RunningNode, words: readonly string[], madeMs: number, signal: AbortSignal) {
    const command = ['SHOAL.FAULT', 'SET', ...words]
    const stamped = [...command, 'AT', String(madeMs)]
    if (node.ref.paused) {
      const {address, password} = node.spec
      await leaveForNode({address, command: stamped, timeoutMs: LEAVE_MS, ...(password !== undefined && {password})})
      return
    }
    try {
      await this.ask(node, stamped, ANSWER_MS, signal)
    } catch (error) {
      if (!(error instanceof NodeReplyError && error.message.includes('later table'))) throw error
      // The clock of this machine was put back.
      await this.ask(node, command, ANSWER_MS, signal)
    }
  }

  async probe(layout: Layout, links: readonly Link[], withinMs: number, signal: AbortSignal): Promise<LinkReading[]> {
    const nodes = new Map(
      (await this.running(layout)).filter(({ref}) => !ref.paused).map((node) => [node.spec.name, node]),
    )
    const asked = links.filter(({from, to}) => nodes.has(from) && nodes.has(to))
    const rounds = await Promise.all(
      [...nodes.values()].map((node) => this.probeFrom(node, asked, nodes, withinMs, signal)),
    )
    const answered = rounds.filter((round) => round !== undefined)
    const marks = await Promise.all([...nodes.values()].map((node) => this.readMarks(node, answered, signal)))
    return asReadings(asked, answered, new Map(marks.flat()), withinMs)
  }

  /** Tries all ways of which the node is an end. @returns undefined if it does not run any more */
  private async probeFrom(
    node: RunningNode,
    asked: readonly Link[],
    nodes: ReadonlyMap<string, RunningNode>,
    withinMs: number,
    signal: AbortSignal,
  ): Promise<ProbeRound | undefined> {
    const {name} = node.spec
    const peers = [...new Set(asked.flatMap(({from, to}) => (from === name ? to : to === name ? from : [])))]
    const tries = peers.map((peer) => ({peer, token: randomBytes(12).toString('hex')}))
    if (tries.length === 0) return {answers: [], from: name, tries}
    const words = tries.flatMap(({peer, token}) => {
      const {host, port} = peerAddress((nodes.get(peer) as RunningNode).spec)
      return [host, String(port), token]
    })
    const command = ['SHOAL.FAULT', 'PROBE', String(withinMs), ...words]
    const reply = await this.ask(node, command, 2 * withinMs + ANSWER_MS, signal)
    return reply === undefined ? undefined : {answers: probeAnswers(reply), from: name, tries}
  }

  /** When that node saw what was sent to it. */
  private async readMarks(
    node: RunningNode,
    rounds: readonly ProbeRound[],
    signal: AbortSignal,
  ): Promise<(readonly [token: string, seenMs: number | null])[]> {
    const tokens = rounds.flatMap(({tries}) =>
      tries.filter(({peer}) => peer === node.spec.name).map(({token}) => token),
    )
    if (tokens.length === 0) return []
    const reply = await this.ask(node, ['SHOAL.FAULT', 'MARKED', ...tokens], ANSWER_MS, signal)
    const seen = timesOf(reply ?? null)
    return tokens.map((token, index) => [token, seen[index] ?? null])
  }

  private async running({environment, nodes}: Layout): Promise<RunningNode[]> {
    const refs = new Map((await this.list(environment)).map((ref) => [ref.name, ref]))
    return nodes.flatMap((spec) => {
      const ref = refs.get(spec.name)
      return ref === undefined ? [] : {ref, spec}
    })
  }

  /** @returns undefined if the node does not run any more, or was frozen meanwhile */
  private async ask({ref, spec}: RunningNode, command: readonly string[], timeoutMs: number, signal: AbortSignal) {
    const {address, password} = spec
    try {
      return await callNode({address, command, signal, timeoutMs, ...(password !== undefined && {password})})
    } catch (error) {
      if (error instanceof NodeReplyError && /unknown command|not allowed/.test(error.message)) {
        throw new CliError('ENVIRONMENT_LACKS', `node ${spec.name} runs without enable-fault-command local`, {
          details: {node: spec.name},
          suggestions: ['Make the environment anew: `shoal down`, then `shoal up`.'],
        })
      }
      if (!(error instanceof CliError) || (error.code !== 'UNREACHABLE' && error.code !== 'TIMED_OUT')) throw error
      const current = (await this.list(spec.environment)).find(({name}) => name === spec.name)
      if (current === undefined || current.paused || current.startToken !== ref.startToken) return undefined
      throw error
    }
  }
}

/** What a node is told of the rules that concern it: `count host port bus-port OUT DROP ...` */
export function faultWords(name: string, {nodes}: Layout, rules: readonly LinkRule[]): string[] {
  const peers = new Map(nodes.map((spec) => [spec.name, spec]))
  const own = rules.flatMap((rule) => {
    const [direction, peer] = rule.from === name ? ['OUT', rule.to] : ['IN', rule.from]
    const spec = peers.get(peer)
    if (spec === undefined || peer === name || (rule.from !== name && rule.to !== name)) return []
    return [ruleWords(spec, direction, rule)]
  })
  return [String(own.length), ...own.flat()]
}

function ruleWords(peer: NodeSpec, direction: string, {effect, untilMs}: LinkRule): string[] {
  const {host, port} = peerAddress(peer)
  const words = [host, String(port), String(peer.busPort), direction, effect.kind.toUpperCase()]
  if (effect.kind === 'delay') words.push(...[effect.ms, effect.jitterMs].map((ms) => String(Math.round(ms))))
  if (effect.kind === 'loss') words.push(effect.probability.toFixed(6))
  if (untilMs !== undefined) words.push('UNTIL', String(Math.round(untilMs)))
  return words
}
