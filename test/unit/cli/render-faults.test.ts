import {describe, expect, it} from 'vitest'
import {renderFault, renderHeal, renderReach} from '../../../src/lib/cli/render/faults.js'
import {styleOf} from '../../../src/lib/cli/render/style.js'
import type {FaultReport} from '../../../src/lib/environment/faults/make.js'
import {type Grudges, oneWay, ring, rulesOf, separate} from '../../../src/lib/plan/faults/grudges.js'
import {linkStates} from '../../../src/lib/plan/faults/rules.js'

const PLAIN = styleOf(false)
const nodesOf = (count: number) => Array.from({length: count}, (_, index) => `n${index + 1}`)
const linksOf = (nodes: readonly string[], grudges: Grudges) => linkStates(nodes, rulesOf(grudges, {kind: 'drop'}))
const NODES = nodesOf(3)
const CUT: FaultReport = {
  dryRun: false,
  fault: {appliedAtMs: 0, id: 'f2', kind: 'partition', text: 'n1 / n2,n3', untilMs: 31_000},
  links: linksOf(NODES, separate(NODES, [['n1']])).map((link) => ({...link, passes: link.blocked === undefined})),
  name: 'blue',
  nodes: NODES,
  replaced: ['f1'],
  seed: 7,
  skipped: [],
}

describe('a fault', () => {
  it('is a line, a sentence and a table', () => {
    expect(renderFault(CUT, 1000, PLAIN).split('\n')).toEqual([
      'partition f2 in blue: n1 / n2,n3, heals by itself in 30.0 s',
      'takes the place of f1',
      'Groups that do not reach each other: n1 / n2,n3.',
      'FROM \\ TO  n1  n2  n3',
      'n1         -   x   x',
      'n2         x   -   .',
      'n3         x   .   -',
      'x cut',
    ])
  })

  it('that would be made has no number', () => {
    const {kind, text} = CUT.fault
    const lines = renderFault({...CUT, dryRun: true, fault: {kind, text}}, 0, PLAIN).split('\n')
    expect(lines.slice(0, 2)).toEqual(['would make partition in blue: n1 / n2,n3', 'would take the place of f1'])
  })

  it('shows what is slow, flaky or not as meant, and who was not tried', () => {
    const links = [
      {delay: {jitterMs: 0, ms: 5}, from: 'n1', passes: true, to: 'n2'},
      {from: 'n1', loss: 0.1, to: 'n3'},
      {blocked: 'drop' as const, from: 'n2', passes: true, to: 'n1', wrong: true as const},
      {from: 'n2', passes: false, to: 'n3', wrong: true as const},
      // Who hears nothing from a flaky node may be heard or not.
      {from: 'n3', passes: false, to: 'n1'},
    ]
    const skipped = [{name: 'n3', reason: 'paused' as const}]
    const text = renderFault({...CUT, links, skipped}, 0, PLAIN)
    expect(text.split('\n').slice(-6)).toEqual([
      'FROM \\ TO  n1  n2  n3',
      'n1         -   ~   %',
      'n2         !   -   !',
      'n3         .   .   -',
      '~ slow   % flaky   ! not as meant',
      'not tried: n3 (paused)',
    ])
  })

  it('among many nodes is told without a table', () => {
    const nodes = nodesOf(30)
    const links = linksOf(nodes, separate(nodes, [['n1']]))
    const lines = renderFault({...CUT, links, nodes}, 0, PLAIN).split('\n')
    expect(lines.at(-1)).toBe('30 nodes make a table too wide: --json has each link')
  })
})

describe('healing', () => {
  const open = linksOf(NODES, new Map()).map((link) => ({...link, passes: true}))
  const fault = {appliedAtMs: 0, id: 'f2', kind: 'partition' as const, text: 'n1 / n2,n3'}
  const report = {faults: [], healed: [fault], links: open, name: 'blue', nodes: NODES, skipped: []}

  it('says what is over, and what is not', () => {
    expect(renderHeal(report, 0, PLAIN)).toBe('healed partition f2: n1 / n2,n3\nAll nodes reach each other.')
    expect(renderHeal({...report, faults: [fault], healed: []}, 0, PLAIN)).toContain(
      'nothing to heal\nstill in force: partition f2: n1 / n2,n3\n',
    )
  })
})

describe('who reaches whom', () => {
  const tell = (count: number, grudges: Grudges) => renderReach(nodesOf(count), linksOf(nodesOf(count), grudges))

  it('is told by groups, with bridges, or one by one', () => {
    const five = nodesOf(5)
    expect(tell(5, separate(five, [['n1'], ['n2', 'n3']]))).toBe(
      'Groups that do not reach each other: n1 / n2,n3 / n4,n5.',
    )
    expect(
      tell(
        5,
        separate(five, [
          ['n1', 'n2', 'n3'],
          ['n3', 'n4', 'n5'],
        ]),
      ),
    ).toBe('Groups that do not reach each other: n1,n2 / n4,n5; n3 reaches all.')
    expect(tell(3, oneWay(['n1', 'n2'], ['n3']))).toBe('n1,n2 do not reach n3.')
    expect(tell(4, ring(nodesOf(4)))).toBe(
      'n1 does not reach n3. n2 does not reach n4. n3 does not reach n1. n4 does not reach n2.',
    )
  })
})
