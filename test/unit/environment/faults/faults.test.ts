import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'
import {healFaults} from '../../../../src/lib/environment/faults/heal.js'
import {type FaultRequest, makeFault, previewFault} from '../../../../src/lib/environment/faults/make.js'
import {findFaultDrift, reapplyFaults} from '../../../../src/lib/environment/faults/reapply.js'
import {startNodes} from '../../../../src/lib/environment/restart.js'
import {statusOf} from '../../../../src/lib/environment/status.js'
import type {EnvironmentState} from '../../../../src/lib/environment/store.js'
import type {LinkRule} from '../../../../src/lib/model/links.js'
import {linkKey} from '../../../../src/lib/plan/faults/rules.js'
import {waitFor} from '../../../support/processes.js'
import {apart, lowerStage, never, raiseStage, requestOf, type Stage} from './stage.js'

let stage: Stage

beforeEach(async () => {
  stage = await raiseStage()
})

afterEach(() => lowerStage(stage))

const make = (more: Partial<FaultRequest> = {}) => makeFault(stage.parts, requestOf(more), never())
const heal = (id?: string) => healFaults(stage.parts, {name: 'blue', ...(id !== undefined && {id})}, never())
const state = async () => (await stage.parts.store.read('blue')) as EnvironmentState
const recorded = async () => (await state()).faults.map(({id, text}) => `${id} ${text}`)
const inForce = () => (stage.engine.links.rules.get('blue') ?? []).map(linkKey)
const slow = (ms: number, selector = 'n1', to?: string): Pick<FaultRequest, 'wish'> => ({
  wish: {jitterMs: 0, kind: 'slow', ms, selector, ...(to !== undefined && {to})},
})

describe('a fault', () => {
  it('is on record, in force, tried on every link, and told', async () => {
    const report = await make()
    expect(report).toMatchObject({
      dryRun: false,
      fault: {id: 'f1', kind: 'partition', text: 'n1,n2 / n3,n4,n5,n6'},
      name: 'blue',
      nodes: ['n1', 'n2', 'n3', 'n4', 'n5', 'n6'],
      replaced: [],
      skipped: [],
    })
    expect(report.fault).not.toHaveProperty('rules')
    expect(report.links).toHaveLength(30)
    for (const {blocked, from, passes, to} of report.links) {
      const isCut = ['n1', 'n2'].includes(from) !== ['n1', 'n2'].includes(to)
      expect([blocked === 'drop', passes]).toEqual([isCut, !isCut])
    }
    expect(await recorded()).toEqual(['f1 n1,n2 / n3,n4,n5,n6'])
    expect(inForce()).toHaveLength(16)
  })

  it('is on record before the first rule is in force', async () => {
    let before: readonly string[] = []
    stage.engine.links.onApply = async () => {
      before = await recorded()
    }
    await make()
    expect(before).toEqual(['f1 n1,n2 / n3,n4,n5,n6'])
  })

  it('is tried in one round that waits only so long', async () => {
    await make()
    expect(stage.engine.links.probes).toHaveLength(1)
    expect(stage.engine.links.probes[0]).toBeLessThanOrEqual(300)
  })

  it.each<[string, string[]]>([
    ['n1,region:us', []],
    ['shard:1', ['describe']],
  ])('asks nodes for their roles only if these matter: %s', async (selector, calls) => {
    stage.parts.driver.calls.length = 0
    await make(apart(selector))
    expect(stage.parts.driver.calls).toEqual(calls)
  })

  it('of a partition takes the place of the one before, unless it is added', async () => {
    await make()
    await make(slow(50))
    expect(await make(apart('n3'))).toMatchObject({fault: {id: 'f3'}, replaced: ['f1']})
    expect(await recorded()).toEqual(['f2 n1 -> all others: 50 ms', 'f3 n3 / n1,n2,n4,n5,n6'])
    expect(await make({...apart('n4'), add: true})).toMatchObject({replaced: []})
    expect(await recorded()).toHaveLength(3)
    // Links of n3 and n4 with all, each once, and the slow ones of n1.
    expect(new Set(inForce()).size).toBe(18 + 3)
  })

  it('takes the place of another one of its kind that it covers', async () => {
    await make(slow(50, 'n1', 'n2'))
    expect(await make(slow(70, 'n2'))).toMatchObject({replaced: []})
    expect(await make({...slow(90), forMs: 60_000})).toMatchObject({replaced: []})
    expect(await make(slow(90))).toMatchObject({replaced: ['f1', 'f3']})
  })

  it('with a time ends in the engine and on record', async () => {
    const before = Date.now()
    const {fault} = await make({forMs: 60_000})
    expect(fault.untilMs).toBeGreaterThanOrEqual(before + 60_000)
    expect(stage.engine.links.rules.get('blue')?.every(({untilMs}) => untilMs === fault.untilMs)).toBe(true)
    const now = await state()
    await stage.parts.store.write({...now, faults: now.faults.map((each) => ({...each, untilMs: Date.now() - 1}))})
    expect(await make({...apart('n3'), add: true})).toMatchObject({replaced: []})
    expect(await recorded()).toEqual(['f2 n3 / n1,n2,n4,n5,n6'])
  })

  it('that is late is late', async () => {
    const {links} = await make(slow(100, 'n1', 'n2'))
    expect(links.find(({from, to}) => from === 'n1' && to === 'n2')).toMatchObject({
      delay: {jitterMs: 0, ms: 100},
      delayMs: 100,
      passes: true,
    })
    expect(links.find(({from, to}) => from === 'n2' && to === 'n1')).not.toHaveProperty('delay')
  })

  it('that is later than anybody waits is taken at its word', async () => {
    await make(slow(60_000))
    expect(Math.max(...stage.engine.links.probes)).toBeLessThanOrEqual(1500)
  })

  it('that loses packets is made, though no single try could tell', async () => {
    await make({wish: {kind: 'flaky', probability: 0.3, selector: 'n1'}})
    expect(await recorded()).toEqual(['f1 n1 -> all others: 30% lost'])
  })

  it('leaves stopped and paused nodes out, and says so', async () => {
    const nodes = await stage.engine.list('blue')
    await stage.engine.stop(nodes[3]!)
    await stage.engine.pause(nodes[4]!)
    const report = await make()
    expect(report.skipped).toEqual([
      {name: 'n4', reason: 'stopped'},
      {name: 'n5', reason: 'paused'},
    ])
    const tried = report.links.filter(({passes}) => passes !== undefined)
    expect(tried).toHaveLength(4 * 3)
  })
})

describe('a fault that cannot be made', () => {
  it('as links pass on is undone, and the one before is in force again', async () => {
    await make(apart('n6'))
    const before = inForce()
    stage.engine.links.deaf.add('n1')
    const failure = make()
    await expect(failure).rejects.toMatchObject({
      code: 'FAULT_INEFFECTIVE',
      details: {links: expect.arrayContaining([expect.objectContaining({from: 'n1', to: 'n3'})])},
      exitCode: 6,
      message: 'the fault was applied, but what n1 sends to n3 arrives, and 3 more links are not as meant',
    })
    expect(await recorded()).toEqual(['f1 n6 / n1,n2,n3,n4,n5'])
    expect(inForce()).toEqual(before)
    stage.engine.links.deaf.clear()
    expect((await make()).fault.id).toBe('f3')
  })

  it('completely stays if it is told to', async () => {
    stage.engine.links.deaf.add('n1')
    const {links} = await make({keep: true})
    expect(links.find(({from, to}) => from === 'n1' && to === 'n3')).toMatchObject({
      blocked: 'drop',
      passes: true,
      wrong: true,
    })
    expect(await recorded()).toHaveLength(1)
  })

  it('as its time is over before all links were tried says so', async () => {
    stage.engine.links.deaf.add('n1')
    const isOver = (rules: readonly LinkRule[]) => rules.every(({untilMs = 0}) => Date.now() > untilMs)
    stage.engine.links.onApply = (rules) =>
      waitFor(() => isOver(rules), {what: 'the end of the fault'}).then(() => undefined)
    await expect(make({forMs: 1})).rejects.toMatchObject({
      code: 'FAULT_INEFFECTIVE',
      message: 'the fault was over after 1 ms, before every link was tried',
    })
    expect(await recorded()).toEqual([])
  })

  it('since a link that should be open is closed is undone', async () => {
    stage.engine.links.stuck.add('n2')
    await expect(make(apart('n1'))).rejects.toMatchObject({
      code: 'FAULT_INEFFECTIVE',
      message: 'the fault was applied, but what n2 sends to n3 does not arrive, and 3 more links are not as meant',
    })
    expect(await recorded()).toEqual([])
  })

  it('for want of the means is refused before', async () => {
    stage.engine.links.unsupported.add('loss')
    const failure = make({wish: {kind: 'flaky', probability: 0.3, selector: 'n1'}})
    await expect(failure).rejects.toMatchObject({
      code: 'ENVIRONMENT_LACKS',
      suggestions: ['shoal up --engine embedded'],
    })
    expect([await recorded(), inForce()]).toEqual([[], []])
  })

  it('as it is interrupted leaves nothing', async () => {
    const abort = new AbortController()
    stage.engine.links.onApply = () => abort.abort()
    await expect(makeFault(stage.parts, requestOf(), abort.signal)).rejects.toMatchObject({code: 'INTERRUPTED'})
    expect([await recorded(), inForce()]).toEqual([[], []])
  })

  it('and not be undone either stays on record, so that it can be healed', async () => {
    stage.engine.links.onApply = () => {
      throw new Error('no answer')
    }
    await expect(make()).rejects.toThrow('no answer')
    expect(await recorded()).toHaveLength(1)
  })

  it('where no node runs is refused', async () => {
    await lowerStage(stage)
    await expect(make()).rejects.toMatchObject({code: 'PREFLIGHT_FAILED', suggestions: ['shoal up --name blue']})
  })

  it('in an environment that is not there names the nearest', async () => {
    await expect(make({name: 'blu'})).rejects.toMatchObject({
      code: 'NOT_FOUND',
      exitCode: 4,
      message: 'there is no environment blu. Did you mean blue?',
    })
  })
})

describe('a preview', () => {
  it('tells what would be cut, and touches nothing', async () => {
    await make(apart('n6'))
    const before = [await state(), inForce()]
    const report = await previewFault(stage.parts, requestOf({...apart('n1'), add: true}), never())
    expect(report).toMatchObject({dryRun: true, fault: {kind: 'partition', text: 'n1 / n2,n3,n4,n5,n6'}, replaced: []})
    expect(report.fault).not.toHaveProperty('id')
    expect(report.links.filter(({blocked}) => blocked)).toHaveLength(18)
    expect(report.links.filter(({passes}) => passes !== undefined)).toEqual([])
    expect([await state(), inForce()]).toEqual(before)
  })
})

describe('healing', () => {
  it('opens every link and says what was healed; again it has nothing to do', async () => {
    await make()
    await make(slow(50))
    const report = await heal()
    expect(report).toMatchObject({faults: [], healed: [{id: 'f1'}, {id: 'f2'}]})
    expect(report.links.every(({passes}) => passes)).toBe(true)
    expect([await recorded(), inForce()]).toEqual([[], []])
    expect(await heal()).toMatchObject({faults: [], healed: []})
  })

  it('of one fault leaves the others', async () => {
    await make()
    await make({...apart('n3'), add: true})
    expect(await heal('f1')).toMatchObject({faults: [{id: 'f2'}], healed: [{id: 'f1'}]})
    expect(await recorded()).toEqual(['f2 n3 / n1,n2,n4,n5,n6'])
    expect(inForce()).toHaveLength(10)
    expect(await heal('f1')).toMatchObject({faults: [{id: 'f2'}], healed: []})
  })

  it('clears what is in force without a record', async () => {
    await make()
    await stage.parts.store.write({...(await state()), faults: []})
    await heal()
    expect(inForce()).toEqual([])
  })

  it.each(['f7', 'f0', 'x'])('of a fault that never was is an error: %s', async (id) => {
    await make()
    await expect(heal(id)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: `there is no fault ${id} in environment blue: in force is f1`,
    })
  })

  it('fails if a link stays closed', async () => {
    await make()
    stage.engine.links.stuck.add('n1')
    await expect(heal()).rejects.toMatchObject({code: 'FAULT_INEFFECTIVE'})
  })

  it('leaves the fault on record if it cannot be done', async () => {
    await make()
    stage.engine.links.onApply = () => {
      throw new Error('no answer')
    }
    await expect(heal()).rejects.toThrow('no answer')
    expect(await recorded()).toHaveLength(1)
  })
})

describe('a node that was started again', () => {
  it('has lost its rules, which is seen and mended', async () => {
    await make(apart('n1'))
    expect(await findFaultDrift(stage.parts, await state(), never())).toEqual([])
    const [first] = await stage.engine.list('blue')
    const spec = stage.engine.nodes.get('blue/n1')!.spec
    await stage.engine.stop(first!)
    await stage.engine.start(spec, never())
    expect(await findFaultDrift(stage.parts, await state(), never())).toEqual([
      {id: 'f1', links: ['n2', 'n3', 'n4', 'n5', 'n6'].map((to) => ({from: 'n1', to}))},
    ])
    const [status] = await statusOf(stage.parts, never(), 'blue')
    expect(status?.faults).toMatchObject([{id: 'f1', lostLinks: [{from: 'n1', to: 'n2'}, {}, {}, {}, {}]}])
    expect(await reapplyFaults(stage.parts, await state(), never())).toMatchObject([{id: 'f1'}])
    expect(await findFaultDrift(stage.parts, await state(), never())).toEqual([])
    expect((await statusOf(stage.parts, never(), 'blue'))[0]?.faults[0]).not.toHaveProperty('lostLinks')
  })

  it('is given those in force at its start, and the engine hears if they end meanwhile', async () => {
    await make({...apart('n1'), forMs: 60_000})
    const [first] = await stage.engine.list('blue')
    await stage.engine.stop(first!)
    let endMs = Number.POSITIVE_INFINITY
    const applied: number[] = []
    stage.engine.links.onApply = (rules) => void applied.push(rules.length)
    stage.engine.onStart = ({faults}) => {
      expect(faults?.rules).toHaveLength(10)
      expect(faults?.layout.nodes).toHaveLength(6)
      endMs = faults?.rules[0]?.untilMs ?? 0
      vi.spyOn(Date, 'now').mockReturnValue(endMs)
    }
    await startNodes(stage.parts, await state(), ['n1'], never(), () => undefined)
    expect(endMs).toBeLessThan(Number.POSITIVE_INFINITY)
    expect(applied).toEqual([0])
    vi.restoreAllMocks()
  })

  it('is told nothing of faults where there are none', async () => {
    const [first] = await stage.engine.list('blue')
    await stage.engine.stop(first!)
    stage.engine.onStart = (spec) => expect(spec).not.toHaveProperty('faults')
    await startNodes(stage.parts, await state(), ['n1'], never(), () => undefined)
  })

  it('costs nothing where there are no faults', async () => {
    stage.engine.links.onApply = () => {
      throw new Error('called')
    }
    expect(await reapplyFaults(stage.parts, await state(), never())).toEqual([])
    expect(await findFaultDrift(stage.parts, await state(), never())).toEqual([])
    expect(stage.engine.links.probes).toEqual([])
  })
})
