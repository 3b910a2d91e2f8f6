import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import type {LinkEffect, LinkRule} from '../../../../src/lib/model/links.js'
import {linkStates, mergeRules} from '../../../../src/lib/plan/faults/rules.js'

const DROP = {kind: 'drop'} as const
const RESET = {kind: 'reset'} as const
const late = (ms: number) => ({jitterMs: 0, kind: 'delay', ms}) as const
const rule = (effect: LinkEffect, untilMs?: number): LinkRule => ({
  effect,
  from: 'n1',
  to: 'n2',
  ...(untilMs !== undefined && {untilMs}),
})

const anyEffect: fc.Arbitrary<LinkEffect> = fc.oneof(
  fc.constant(DROP),
  fc.constant(RESET),
  fc.nat(99).map(late),
  fc.constant({kind: 'loss', probability: 0.5} as const),
)
const anyRule: fc.Arbitrary<LinkRule> = fc
  .tuple(anyEffect, fc.constantFrom('n1', 'n2'), fc.constantFrom('n3', 'n4'), fc.option(fc.nat(9), {nil: undefined}))
  .map(([effect, from, to, untilMs]) => ({effect, from, to, ...(untilMs !== undefined && {untilMs})}))
const classOf = ({effect, from, to}: LinkRule) => `${from} ${to} ${effect.kind === 'reset' ? 'drop' : effect.kind}`

describe('rules of several faults', () => {
  it('become one per link and kind, with nothing lost and nothing added', () => {
    fc.assert(
      fc.property(fc.array(fc.array(anyRule)), (faults) => {
        const merged = mergeRules(faults)
        const classes = merged.map(classOf)
        expect(new Set(classes).size).toBe(classes.length)
        expect(new Set(classes)).toEqual(new Set(faults.flat().map(classOf)))
        expect(mergeRules([merged])).toEqual(merged)
      }),
    )
  })

  it('add up where they are of several kinds', () => {
    expect(mergeRules([[rule(DROP)], [rule(late(5))]])).toHaveLength(2)
  })

  it.each([
    ['the later fault says how a link is closed', [rule(DROP), rule(RESET)], rule(RESET)],
    ['a closed link stays so as long as the longest fault', [rule(DROP, 9), rule(DROP, 5)], rule(DROP, 9)],
    ['and for good if one of them is for good', [rule(DROP), rule(RESET, 5)], rule(RESET)],
    ['of two delays the later one holds, as long as it says', [rule(late(5)), rule(late(7), 3)], rule(late(7), 3)],
  ])('%s', (_name, [first, second], merged) => {
    expect(mergeRules([[first as LinkRule], [second as LinkRule]])).toEqual([merged])
  })
})

describe('the state of links', () => {
  it('is told of all, there and back', () => {
    const rules = [rule(RESET), rule(late(5)), {...rule({kind: 'loss', probability: 0.3}), from: 'n2', to: 'n1'}]
    expect(linkStates(['n1', 'n2', 'n3'], rules)).toEqual([
      {blocked: 'reset', delay: {jitterMs: 0, ms: 5}, from: 'n1', to: 'n2'},
      {from: 'n1', to: 'n3'},
      {from: 'n2', loss: 0.3, to: 'n1'},
      {from: 'n2', to: 'n3'},
      {from: 'n3', to: 'n1'},
      {from: 'n3', to: 'n2'},
    ])
  })
})
