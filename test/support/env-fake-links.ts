import type {Layout, Probe} from '../../src/lib/engine/engine.js'
import type {LinkControl, LinkReading} from '../../src/lib/engine/links.js'
import {CliError} from '../../src/lib/kernel/errors.js'
import type {Link, LinkEffect, LinkRule} from '../../src/lib/model/links.js'

/** Links that are rules in memory, kept by the node that sends; they pass as the rules say, unless told otherwise. No time passes. */
export class FakeLinks implements LinkControl {
  /** In force, by environment. */
  readonly rules = new Map<string, readonly LinkRule[]>()
  /** Names of nodes that take rules and do not keep to them. */
  readonly deaf = new Set<string>()
  /** Names of nodes whose links stay closed whatever is applied. */
  readonly stuck = new Set<string>()
  readonly unsupported = new Set<LinkEffect['kind']>()
  /** Bounds of all probes, ms. */
  readonly probes: number[] = []
  /** Called with each set of rules before it is in force. */
  onApply: (rules: readonly LinkRule[], signal: AbortSignal) => Promise<void> | void = () => undefined

  constructor(private readonly isAwake: (environment: string, name: string) => boolean) {}

  async supports(kind: LinkEffect['kind']): Promise<Probe> {
    if (!this.unsupported.has(kind)) return {available: true}
    return {available: false, reason: `${kind} cannot be made here`, remedy: 'shoal up --engine embedded'}
  }

  async apply({environment}: Layout, rules: readonly LinkRule[], signal: AbortSignal): Promise<void> {
    await this.onApply(rules, signal)
    if (signal.aborted) throw new CliError('INTERRUPTED', 'interrupted')
    this.rules.set(
      environment,
      rules.filter(({from}) => this.isAwake(environment, from)),
    )
  }

  async probe({environment}: Layout, links: readonly Link[], withinMs: number): Promise<LinkReading[]> {
    this.probes.push(withinMs)
    const tried = links.filter(({from, to}) => this.isAwake(environment, from) && this.isAwake(environment, to))
    return tried.map(({from, to}) => {
      const rules = (this.rules.get(environment) ?? []).filter(
        (rule) => rule.from === from && rule.to === to && !this.deaf.has(from),
      )
      const effects = rules.map(({effect}) => effect)
      const isClosed = this.stuck.has(from) || effects.some(({kind}) => kind === 'drop' || kind === 'reset')
      const delayMs = effects.reduce((sum, effect) => sum + (effect.kind === 'delay' ? effect.ms : 0), 0)
      return isClosed || delayMs > withinMs ? {from, passes: false, to} : {delayMs, from, passes: true, to}
    })
  }

  /** A node that ended has no rules when it starts again. */
  forget(environment: string, name: string): void {
    const rules = this.rules.get(environment)
    if (rules) {
      this.rules.set(
        environment,
        rules.filter(({from}) => from !== name),
      )
    }
  }
}
