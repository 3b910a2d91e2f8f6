import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'
import {NodeReplyError} from '../../../src/lib/client/reply-error.js'
import type {CliError} from '../../../src/lib/kernel/errors.js'
import {meetMembers} from '../../../src/lib/operations/meet-newcomer.js'
import type {ProbedNode} from '../../../src/lib/operations/preflight.js'
import {FakeNodes} from './fake-nodes.js'

const [NEW, FIRST, SECOND] = [7000, 7001, 7002]

describe('meetMembers', () => {
  beforeEach(() => {
    vi.useFakeTimers({toFake: ['setTimeout', 'clearTimeout', 'performance']})
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  /** A newcomer and two members that know each other. */
  function strangers(): FakeNodes {
    const nodes = new FakeNodes(3)
    nodes.knows.add(`${FIRST} ${SECOND}`).add(`${SECOND} ${FIRST}`)
    return nodes
  }

  async function meet(nodes: FakeNodes, undo = async () => true): Promise<CliError | undefined> {
    const [newcomer, ...members] = nodes.probed() as [ProbedNode, ...ProbedNode[]]
    const meeting = meetMembers(newcomer, members, {joinTimeoutMs: 5000}, undo).then(
      () => undefined,
      (error: CliError) => error,
    )
    await vi.advanceTimersByTimeAsync(30_000)
    return meeting
  }

  /** Whoever meets whom tries to greet them, and that is all. */
  const greetOnly = (nodes: FakeNodes) => (from: number, to: number) => void nodes.greets.add(`${from} ${to}`)
  const asBefore = (nodes: FakeNodes) =>
    expect([[...nodes.knows].sort(), [...nodes.greets]]).toEqual([[`${FIRST} ${SECOND}`, `${SECOND} ${FIRST}`], []])

  it('takes nothing back where all find each other', async () => {
    const nodes = strangers()
    expect(await meet(nodes)).toBeUndefined()
    expect(nodes.undone).toEqual([])
  })

  it('has all forget a newcomer that reaches nobody, and names the bus ports', async () => {
    const nodes = strangers()
    nodes.onMeet = greetOnly(nodes)
    const error = await meet(nodes)
    expect(error).toMatchObject({code: 'PREFLIGHT_FAILED', exitCode: 3})
    expect(error?.message).toContain('127.0.0.1:7001 cannot reach 127.0.0.1:7000 (bus port 17000)')
    expect(error?.message).toContain('nothing was changed')
    expect(error?.suggestions.join()).toContain('bus port 17000 of 127.0.0.1:7000')
    asBefore(nodes)
  })

  it.each([
    ['the newcomer knows members that do not reach it', (member: number) => `${NEW} ${member}`],
    ['members know a newcomer that does not reach them', (member: number) => `${member} ${NEW}`],
  ])('has all forget where one side alone found the other: %s', async (_, known) => {
    const nodes = strangers()
    nodes.onMeet = (from, to) => void nodes.knows.add(known(from === NEW ? to : from))
    expect(await meet(nodes)).toMatchObject({code: 'PREFLIGHT_FAILED'})
    asBefore(nodes)
  })

  it('leaves a newcomer that found some where it is, for the same command to go on', async () => {
    const nodes = strangers()
    nodes.onMeet = (from, to) => {
      if (from === SECOND || to === SECOND) nodes.greets.add(`${from} ${to}`)
      else nodes.knows.add(`${from} ${to}`).add(`${to} ${from}`)
    }
    expect(await meet(nodes)).toMatchObject({code: 'PLAN_PARTIAL', exitCode: 6})
    expect(nodes.undone).toEqual([])
  })

  it.each([
    ['forget', 'FORGET'],
    ['be reset', 'RESET'],
  ])('does not say that nothing was changed where a node may not be told to %s', async (_, refused) => {
    const nodes = strangers()
    nodes.onMeet = (from, to) => {
      nodes.greets.add(`${from} ${to}`)
      nodes.knows.add(`${NEW} ${FIRST}`)
    }
    nodes.script = (_port, [, sub]) => (sub === refused ? new NodeReplyError('NOPERM no') : undefined)
    expect(await meet(nodes)).toMatchObject({code: 'PLAN_PARTIAL'})
  })

  it('undoes what came before once all have forgotten, and says so only if that succeeded', async () => {
    const run = async (succeeds: boolean) => {
      const nodes = strangers()
      nodes.onMeet = greetOnly(nodes)
      const undo = vi.fn(async () => succeeds)
      const error = await meet(nodes, undo)
      expect(undo).toHaveBeenCalledTimes(1)
      return error?.code
    }
    expect([await run(true), await run(false)]).toEqual(['PREFLIGHT_FAILED', 'PLAN_PARTIAL'])
  })
})
