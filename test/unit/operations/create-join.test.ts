import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'
import type {CliError} from '../../../src/lib/kernel/errors.js'
import {joinNodes} from '../../../src/lib/operations/create-join.js'
import {FakeNodes} from './fake-nodes.js'

describe('joinNodes', () => {
  beforeEach(() => {
    vi.useFakeTimers({toFake: ['setTimeout', 'clearTimeout', 'performance']})
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  async function join(nodes: FakeNodes, joinTimeoutMs = 20_000): Promise<CliError | undefined> {
    const joining = joinNodes(nodes.probed(), {joinTimeoutMs}).then(
      () => undefined,
      (error: CliError) => error,
    )
    await vi.advanceTimersByTimeAsync(joinTimeoutMs)
    return joining
  }

  it('introduces each pair once, from one side, where that is enough', async () => {
    const nodes = new FakeNodes(3)
    expect(await join(nodes)).toBeUndefined()
    expect(nodes.meets).toEqual(['7000 7001', '7000 7002', '7001 7002'])
  })

  it('does nothing where all know all', async () => {
    const nodes = new FakeNodes(2)
    nodes.onMeet(7000, 7001)
    expect(await join(nodes)).toBeUndefined()
    expect(nodes.meets).toEqual([])
  })

  it.each([
    ['the one that was met', 7001, 7000],
    ['the one that met', 7000, 7001],
  ])('meets again from the side that lacks the other: %s knows it', async (_, knowing, lacking) => {
    const nodes = new FakeNodes(2)
    nodes.onMeet = (from, to) => {
      nodes.knows.add(`${knowing} ${lacking}`)
      if (from === lacking && nodes.meets.length > 1) nodes.knows.add(`${from} ${to}`)
    }
    expect(await join(nodes)).toBeUndefined()
    expect(nodes.meets).toEqual(['7000 7001', `${lacking} ${knowing}`])
  })

  it('meets those it still lacks at most once in a few seconds, and gives up with names', async () => {
    const nodes = new FakeNodes(2)
    nodes.onMeet = () => undefined
    const error = await join(nodes, 10_000)
    expect(nodes.meets.filter((meet) => meet === '7000 7001')).toHaveLength(4)
    expect(nodes.meets.filter((meet) => meet === '7001 7000')).toHaveLength(3)
    expect(error).toMatchObject({code: 'PLAN_PARTIAL'})
    expect(error?.message).toContain('127.0.0.1:7001 cannot reach 127.0.0.1:7000 (bus port 17000)')
  })

  it('leaves most of a large cluster to gossip, but not those whom it does not reach', async () => {
    const nodes = new FakeNodes(36)
    const all = () => {
      for (const from of nodes.ports) for (const to of nodes.ports) if (from !== to) nodes.knows.add(`${from} ${to}`)
      nodes.knows.delete('7035 7034')
    }
    nodes.onMeet = (from, to) => {
      if (nodes.meets.length === 35) all()
      if (from === 7035) nodes.knows.add(`${from} ${to}`)
    }
    expect(await join(nodes)).toBeUndefined()
    expect(nodes.meets).toHaveLength(36)
    expect(nodes.meets.at(-1)).toBe('7035 7034')
  })
})
