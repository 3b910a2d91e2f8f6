import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import type {NodeChoice} from '../../../src/lib/environment/choose-nodes.js'
import {takeDown} from '../../../src/lib/environment/down.js'
import {actOnNodes} from '../../../src/lib/environment/node-actions.js'
import {bringUp} from '../../../src/lib/environment/up.js'
import {waitForCondition} from '../../../src/lib/environment/wait.js'
import {type FakeParts, fakeParts} from '../../support/env-fake-parts.js'
import {claimPorts} from '../../support/ports.js'
import {temporaryFolder} from '../../support/processes.js'

const never = () => new AbortController().signal
let parts: FakeParts
let basePort: number

beforeEach(async () => {
  parts = fakeParts(join(temporaryFolder('actions'), 'state'))
  basePort = await claimPorts(4)
  await bringUp(parts, {basePort, name: 'blue', primaries: 2, replicas: 1}, never())
  parts.driver.calls.length = 0
})

afterEach(() => takeDown(parts, 'blue', never()))

const act = (choice: NodeChoice, action: Parameters<typeof actOnNodes>[3]) =>
  actOnNodes(parts, 'blue', choice, action, never())
const running = async () => (await parts.engine.list('blue')).map(({name}) => name)

describe('actions on nodes', () => {
  it('stops, and says who did not run; starts again, and waits for agreement once all run', async () => {
    expect(await act(['n2', 'n4'], {graceMs: 0, kind: 'stop'})).toEqual({
      changed: ['n2', 'n4'],
      environment: 'blue',
      unchanged: [],
    })
    expect(await running()).toEqual(['n1', 'n3'])
    expect(await act(['n4', 'n3', 'n4'], {kind: 'start'})).toMatchObject({changed: ['n4'], unchanged: ['n3']})
    expect(parts.driver.calls).not.toContain('settle')
    expect(await act('all', {kind: 'start'})).toMatchObject({changed: ['n2'], unchanged: ['n1', 'n3', 'n4']})
    expect(parts.driver.calls.at(-1)).toBe('settle')
    expect(await act(['n1'], {kind: 'start'})).toMatchObject({changed: [], unchanged: ['n1']})
  })

  it('lets a replica take over before a stopped primary starts, as up does', async () => {
    await act(['n1'], {graceMs: 0, kind: 'stop'})
    await act(['n1'], {kind: 'start'})
    expect(parts.driver.calls).toEqual(['take over n3', 'settle'])
  })

  it('restarts replicas first, and primaries after one of them took over', async () => {
    const order: string[] = []
    parts.engine.onStart = ({name}) => {
      order.push(name)
    }
    expect(await act('all', {graceMs: 0, kind: 'restart'})).toMatchObject({changed: ['n1', 'n2', 'n3', 'n4']})
    expect(order.slice(0, 2).sort()).toEqual(['n3', 'n4'])
    expect(order.slice(2).sort()).toEqual(['n1', 'n2'])
    expect(parts.driver.calls).toEqual(['take over n3', 'take over n4', 'settle'])
  })

  it('restarts those that do not run before all others, which may need them', async () => {
    await act(['n1', 'n4'], {graceMs: 0, kind: 'stop'})
    const order: string[] = []
    const progress: string[] = []
    parts.engine.onStart = ({name}) => {
      order.push(name)
    }
    await actOnNodes(parts, 'blue', 'all', {graceMs: 0, kind: 'restart'}, never(), (text) => progress.push(text))
    expect(order.slice(0, 2).sort()).toEqual(['n1', 'n4'])
    expect(order.slice(2)).toEqual(['n3', 'n2'])
    expect(progress.filter((text) => text.startsWith('stopping'))).toEqual(['stopping n3', 'stopping n2'])
  })

  it('restarts a replica whose primary does not run without waiting for its data', async () => {
    await act(['n1'], {graceMs: 0, kind: 'stop'})
    const describe = parts.driver.describe.bind(parts.driver)
    parts.driver.describe = async (access) => {
      const facts = await describe(access)
      return facts.map((fact) => (fact.primary?.port === basePort ? {...fact, link: 'down'} : fact))
    }
    await act(['n3', 'n4', 'n2'], {graceMs: 0, kind: 'restart'})
    expect(await running()).toEqual(['n2', 'n3', 'n4'])
  })

  it('pauses and wakes up, each once', async () => {
    expect(await act(['n1', 'n2'], {kind: 'pause'})).toMatchObject({changed: ['n1', 'n2']})
    expect(await act(['n1'], {kind: 'pause'})).toMatchObject({changed: [], unchanged: ['n1']})
    expect(await act('all', {kind: 'unpause'})).toMatchObject({changed: ['n1', 'n2'], unchanged: ['n3', 'n4']})
  })

  it('finds out who is meant from what nodes say of themselves', async () => {
    expect(await act(['role:replica'], {kind: 'pause'})).toMatchObject({changed: ['n3', 'n4']})
    expect(await act(['n?'], {kind: 'unpause'})).toMatchObject({changed: ['n3', 'n4'], unchanged: ['n1', 'n2']})
    expect(await act(['shard:1'], {graceMs: 0, kind: 'stop'})).toMatchObject({changed: ['n2', 'n4']})
    expect(await act(['random:1', 'n4'], {kind: 'start'})).toMatchObject({environment: 'blue'})
  })

  it('kills', async () => {
    await act(['n1'], {kind: 'stop', graceMs: 0})
    expect(await act(['n1', 'n2'], {kind: 'kill', signal: 'SIGKILL'})).toMatchObject({
      changed: ['n2'],
      unchanged: ['n1'],
    })
    expect(await running()).toEqual(['n3', 'n4'])
    expect(await act(['n3'], {kind: 'kill', signal: 'SIGUSR1'})).toMatchObject({changed: ['n3']})
    expect(await running()).toEqual(['n3', 'n4'])
  })

  it('names the nearest node or environment for one that is not there', async () => {
    await expect(act(['n12'], {kind: 'pause'})).rejects.toMatchObject({code: 'UNKNOWN_NODE', exitCode: 3})
    await expect(actOnNodes(parts, 'bleu', 'all', {kind: 'pause'}, never())).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('blue'),
      suggestions: ['shoal list'],
    })
    await expect(actOnNodes(parts, 'No', 'all', {kind: 'pause'}, never())).rejects.toMatchObject({code: 'BAD_FLAG'})
  })
})

describe('waiting', () => {
  it('is over at once where all is well, and times out naming what is missing', async () => {
    await waitForCondition(parts, 'blue', 'healed', 1000, never())
    await act(['n1'], {kind: 'pause'})
    await expect(waitForCondition(parts, 'blue', 'healed', 1, never())).rejects.toMatchObject({
      code: 'TIMED_OUT',
      message: expect.stringContaining('n1 is paused'),
    })
    await expect(waitForCondition(parts, 'red', 'healed', 1, never())).rejects.toMatchObject({code: 'NOT_FOUND'})
  })

  it('ends when interrupted', async () => {
    await act(['n1'], {kind: 'pause'})
    await expect(waitForCondition(parts, 'blue', 'healed', 9000, AbortSignal.timeout(60))).rejects.toMatchObject({
      code: 'INTERRUPTED',
    })
  })
})
