import {describe, expect, it} from 'vitest'
import {delaysIn} from '../../../../src/lib/engine/docker/delay-probe.js'
import {delayScript} from '../../../../src/lib/engine/docker/delay-script.js'
import {faultScript} from '../../../../src/lib/engine/docker/fault-script.js'
import {planLinks} from '../../../../src/lib/engine/docker/plan-links.js'
import type {LinkRule} from '../../../../src/lib/model/links.js'

const NAMES = ['n1', 'n2', 'n3', 'n4']
const nodes = NAMES.map((name, index) => ({name, peerHost: `10.0.0.${index + 1}`}))
const ID = 'abcdef01'
const slow = (
  from: string,
  to: string,
  ms: number,
  {jitterMs = 0, untilMs}: {jitterMs?: number; untilMs?: number} = {},
) => ({
  effect: {jitterMs, kind: 'delay' as const, ms},
  from,
  to,
  ...(untilMs !== undefined && {untilMs}),
})
const groupsOf = (name: string, rules: readonly LinkRule[]) => planLinks(nodes, rules, 0).get(name)?.groups ?? []
const drop = (from: string, to: string): LinkRule => ({effect: {kind: 'drop'}, from, to})

describe('delays in Docker', () => {
  it('are made by the sender, also where both directions are slow', () => {
    const rules = [slow('n1', 'n2', 100), slow('n2', 'n1', 100)]
    expect(groupsOf('n1', rules)).toEqual([
      {delays: [{host: '10.0.0.2', jitterMs: 0, ms: 100}], incoming: [], outgoing: []},
    ])
    expect(groupsOf('n2', rules)).toEqual([
      {delays: [{host: '10.0.0.1', jitterMs: 0, ms: 100}], incoming: [], outgoing: []},
    ])
    expect(groupsOf('n3', rules)).toEqual([])
  })

  it('concern nobody who is taken off the network', () => {
    const cut = ['n2', 'n3', 'n4'].flatMap((other) => [drop('n1', other), drop(other, 'n1')])
    const plan = planLinks(nodes, [...cut, slow('n1', 'n2', 5), slow('n2', 'n1', 5)], 0)
    expect(plan.get('n1')).toEqual({groups: [], isOff: true})
    expect(plan.get('n2')?.groups).toEqual([])
  })

  it('share a class for the same delay, and queue nothing but what goes to the slow peers', () => {
    const rules = [slow('n1', 'n2', 100, {jitterMs: 20}), slow('n1', 'n3', 100, {jitterMs: 20}), slow('n1', 'n4', 2.5)]
    const script = delayScript(ID, groupsOf('n1', rules))
    const first = script?.set.findIndex((line) => line.startsWith('tc -batch')) ?? 0
    expect(script?.set.slice(first)).toEqual([
      'tc -batch - <<END || { tc qdisc del dev "$dev" root handle 1abc:; shoal_fail; }',
      'qdisc replace dev $dev root handle 1abc: htb',
      'class add dev $dev parent 1abc: classid 1abc:1 htb rate 10gbit quantum 60000',
      'qdisc add dev $dev parent 1abc:1 netem limit 100000 delay 100000us 20000us rate 10gbit',
      'class add dev $dev parent 1abc: classid 1abc:2 htb rate 10gbit quantum 60000',
      'qdisc add dev $dev parent 1abc:2 netem limit 100000 delay 2500us',
      'filter add dev $dev parent 1abc: protocol ip pref 1 u32 match ip dst 10.0.0.2/32 flowid 1abc:1',
      'filter add dev $dev parent 1abc: protocol ip pref 1 u32 match ip dst 10.0.0.3/32 flowid 1abc:1',
      'filter add dev $dev parent 1abc: protocol ip pref 1 u32 match ip dst 10.0.0.4/32 flowid 1abc:2',
      'END',
    ])
    expect(script?.undo).toBe('tc qdisc del dev "$dev" root handle 1abc:')
    expect(script?.ends).toEqual([])
  })

  it('end at their times, the last one with the root', () => {
    const timed = [slow('n1', 'n2', 10, {untilMs: 500}), slow('n1', 'n3', 20, {untilMs: 900})]
    const undo = 'tc qdisc del dev "$dev" root handle 1abc:'
    const early = 'tc filter del dev "$dev" parent 1abc: pref 1'
    expect(delayScript(ID, groupsOf('n1', timed))?.ends).toEqual([
      {command: early, untilMs: 500},
      {command: undo, untilMs: 900},
    ])
    expect(delayScript(ID, groupsOf('n1', [...timed.slice(0, 1), slow('n1', 'n3', 20)]))?.ends).toEqual([
      {command: early, untilMs: 500},
    ])
    // Others that last longer do not keep it.
    expect(delayScript(ID, groupsOf('n1', [...timed.slice(0, 1), drop('n3', 'n1')]))?.ends).toEqual([
      {command: undo, untilMs: 500},
    ])
  })

  it('are set before packets are dropped, at the interface of the address, and taken away with the rest', () => {
    const groups = groupsOf('n1', [slow('n1', 'n2', 10, {untilMs: 900}), drop('n3', 'n1')])
    const script = faultScript({groups, id: ID, peerHost: '10.0.0.1'}, 400)
    expect(script).not.toContain('eth0')
    expect(script).toContain('ip -o -4 addr show to 10.0.0.1/32')
    expect(script.indexOf('tc -batch')).toBeLessThan(script.indexOf('iptables-restore'))
    expect(script).toContain('undo INPUT SHOAL-abcdef01-0i; tc qdisc del dev "$dev" root handle 1abc:; } >/dev/null')
    expect(script).toContain('{ sleep 0.500; tc qdisc del dev "$dev" root handle 1abc:; } &')
    const without = faultScript({groups: groupsOf('n1', [drop('n3', 'n1')]), id: ID, peerHost: '10.0.0.1'}, 0)
    expect(without).not.toContain('tc -batch')
    expect(without).toContain('"qdisc htb 1"???": "*) tc qdisc del dev "$dev" root ;;')
  })

  it('are there or not by the word of the kernel', () => {
    expect(delaysIn('works\n')).toEqual({available: true})
    const lacking = delaysIn('Error: Specified qdisc kind is unknown.\nlacks sch_netem\n')
    expect(lacking).toMatchObject({
      available: false,
      reason: expect.stringMatching(/sch_netem.*kind is unknown.*embedded/),
    })
    expect(lacking).toMatchObject({remedy: expect.stringMatching(/^sudo modprobe sch_netem/)})
    expect(delaysIn('Error: Unknown.\nlacks sch_htb')).toMatchObject({remedy: expect.stringContaining('sch_htb')})
  })
})
