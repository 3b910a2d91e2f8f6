import type {CrdtCore} from '../../../../src/lib/server/crdt/core/api.js'
import type {Copy, MakeCore} from './copy.js'
import type {Unit} from './history.js'
import {renderKey, shownKey} from './shown-key.js'
import {Violation} from './violation.js'

/**
 * Joins of the copies as they are: a join is commutative, associative and idempotent, joining what was packed into
 * nothing gives the same back, and a join is what applying all effects of both would have been.
 */
export function requireLaws(copies: readonly Copy[], slot: number, units: readonly Unit[], makeCore: MakeCore): void {
  const laws = new Laws(slot, makeCore)
  const states = copies.map(({core}) => core.packSlot(slot))
  for (const [index, a] of states.entries()) {
    const copy = copies[index] as Copy
    laws.require('unpacks-to-the-same', laws.joined(a), copy.core)
    laws.require('joins-are-idempotent', laws.joined(a, a), copy.core)
  }
  const [a, b, c = a] = states as [string, string, ...string[]]
  laws.require('joins-commute', laws.joined(a, b), laws.joined(b, a))
  const right = laws.joined(b, c).packSlot(slot)
  laws.require('joins-associate', laws.joined(laws.joined(a, b).packSlot(slot), c), laws.joined(a, right))
  const [first, second] = copies as [Copy, Copy]
  const both = units.filter((unit) => first.units.has(unit) || second.units.has(unit))
  laws.require('joins-are-effects', laws.joined(a, b), laws.applied(both))
}

class Laws {
  constructor(
    private readonly slot: number,
    private readonly makeCore: MakeCore,
  ) {}

  joined(...states: readonly string[]): CrdtCore {
    const core = this.scratch()
    for (const state of states) core.joinSlot(this.slot, state)
    return core
  }

  /** @param units - in an order that keeps causes before effects */
  applied(units: readonly Unit[]): CrdtCore {
    const core = this.scratch()
    for (const {effect} of units) core.apply(effect)
    return core
  }

  require(rule: string, a: CrdtCore, b: CrdtCore): void {
    if (a.digestSlot(this.slot) !== b.digestSlot(this.slot))
      throw new Violation(rule, `${this.render(a)} / ${this.render(b)}`)
    if (this.render(a) !== this.render(b))
      throw new Violation(rule, `equal digests: ${this.render(a)} / ${this.render(b)}`)
  }

  /** A region that writes nothing. Its clock is late, so that it finds nothing too new. */
  private scratch(): CrdtCore {
    return this.makeCore({nowMs: () => Date.UTC(2027, 0, 1), region: 63})
  }

  private render(core: CrdtCore): string {
    const vector = core.vectorOf(this.slot).map(([{epoch, region}, sequence]) => `${region}.${epoch}:${sequence}`)
    const keys = [...core.keys(this.slot)].sort().map((key) => {
      const visible = core.look(this.slot, key)
      return `${key} ${renderKey(visible && shownKey(visible))}`
    })
    return `[${vector.filter((text) => !text.endsWith(':0')).sort()}] ${keys.join(', ')}`
  }
}
