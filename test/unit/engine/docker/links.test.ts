import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {faultScript} from '../../../../src/lib/engine/docker/fault-script.js'
import {planLinks} from '../../../../src/lib/engine/docker/plan-links.js'
import type {LinkEffect, LinkRule} from '../../../../src/lib/model/links.js'

const NAMES = ['n1', 'n2', 'n3', 'n4']
const nodes = NAMES.map((name, index) => ({name, peerHost: `10.0.0.${index + 1}`}))
const DROP: LinkEffect = {kind: 'drop'}
const drop = (from: string, to: string, untilMs?: number): LinkRule => ({
  effect: DROP,
  from,
  to,
  ...(untilMs !== undefined && {untilMs}),
})
const mutual = (a: string, b: string, untilMs?: number) => [drop(a, b, untilMs), drop(b, a, untilMs)]

/** Which directed links a plan closes entirely, and which for data alone. */
function closedBy(rules: readonly LinkRule[]): string[] {
  const plan = planLinks(nodes, rules, 0)
  const hostOf = (text: string) => nodes.find(({peerHost}) => text.includes(`${peerHost}/32`))?.name ?? '?'
  return NAMES.flatMap((name) => {
    const {groups = [], isOff} = plan.get(name) ?? {}
    if (isOff) return NAMES.flatMap((other) => (other === name ? [] : [`${name}>${other}`, `${other}>${name}`]))
    const incoming = groups.flatMap((group) => group.incoming.map((line) => `${hostOf(line)}>${name}`))
    const outgoing = groups.flatMap((group) => group.outgoing.map((line) => `${name}>${hostOf(line)}`))
    return [...incoming, ...outgoing]
  })
}

describe('faults in Docker, planned', () => {
  const directed = NAMES.flatMap((from) => NAMES.filter((to) => to !== from).map((to) => ({from, to})))

  it('close the links that are asked for and no others', () => {
    fc.assert(
      fc.property(fc.subarray(directed), (links) => {
        const wanted = links.map(({from, to}) => `${from}>${to}`).sort()
        expect([...new Set(closedBy(links.map(({from, to}) => drop(from, to))))].sort()).toEqual(wanted)
      }),
    )
  })

  it('take a node off the network only if all is cut, both ways, for good', () => {
    const isolated = ['n2', 'n3', 'n4'].flatMap((other) => mutual('n1', other))
    expect(planLinks(nodes, isolated, 0).get('n1')).toEqual({groups: [], isOff: true})
    expect(planLinks(nodes, isolated, 0).get('n2')).toEqual({groups: [], isOff: false})
    expect(planLinks(nodes, isolated.slice(1), 0).get('n1')?.isOff).toBe(false)
    const timed = ['n2', 'n3', 'n4'].flatMap((other) => mutual('n1', other, 5))
    expect(planLinks(nodes, timed, 0).get('n1')).toMatchObject({groups: [{untilMs: 5}], isOff: false})
  })

  it('are kept by the smaller side of a partition', () => {
    const rules = ['n2', 'n3'].flatMap((other) => mutual('n1', other))
    const plan = planLinks(nodes, rules, 0)
    expect(NAMES.filter((name) => (plan.get(name)?.groups.length ?? 0) > 0)).toEqual(['n1'])
    expect(plan.get('n1')?.groups).toEqual([
      {
        delays: [],
        incoming: ['-s 10.0.0.2/32 -j DROP', '-s 10.0.0.3/32 -j DROP'],
        outgoing: ['-d 10.0.0.2/32 -j DROP', '-d 10.0.0.3/32 -j DROP'],
      },
    ])
  })

  it('let acknowledgements through where one direction alone is cut', () => {
    const [group] = planLinks(nodes, [drop('n1', 'n2')], 0).get('n2')?.groups ?? []
    expect(group?.incoming).toEqual([
      '-s 10.0.0.1/32 -p tcp -m tcp --tcp-flags PSH PSH -j DROP',
      '-s 10.0.0.1/32 -p tcp -m length --length 81:65535 -j DROP',
    ])
    expect(group?.outgoing).toEqual([])
  })

  it('group by the time they end, and forget what has ended', () => {
    const rules = [drop('n1', 'n2', 10), drop('n3', 'n2', 20), drop('n4', 'n2')]
    expect(
      planLinks(nodes, rules, 10)
        .get('n2')
        ?.groups.map(({untilMs}) => untilMs),
    ).toEqual([20, undefined])
  })

  it('become a script that names no chain but its own, and ends with its last rule', () => {
    const groups = planLinks(nodes, [drop('n1', 'n2', 1500), drop('n3', 'n2', 3000)], 0).get('n2')?.groups ?? []
    const script = faultScript({groups, id: 'abcdef01', peerHost: '10.0.0.2'}, 250)
    expect(script).toContain('{ sleep 1.250; undo INPUT SHOAL-abcdef01-0i; } &')
    expect(script).toContain('{ sleep 2.750; undo INPUT SHOAL-abcdef01-1i; } &')
    expect(script.split('\n').at(-1)).toBe('wait')
    expect(script).not.toMatch(/-F (?!\$2)|-X (?!\$2)/)
    const forGood = planLinks(nodes, [drop('n1', 'n2', 1500), drop('n3', 'n2')], 0).get('n2')?.groups ?? []
    expect(faultScript({groups: forGood, id: 'abcdef01', peerHost: '10.0.0.2'}, 0).split('\n').at(-1)).toContain(
      'while :',
    )
  })
})
