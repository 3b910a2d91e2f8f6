import {expect} from 'vitest'
import {type Rng, seededRng} from '../../../src/lib/kernel/rng.js'
import type {RunOptions, RunResult} from '../cli.js'
import {waitFor} from '../processes.js'
import {type EngineWorld, EnvironmentWorld} from './world.js'

/** The program has read its arguments by then, and no earlier. */
const STARTED_MS = 80

/** How long commands take there, about: a kill comes at any moment of that. */
export interface Durations {
  readonly upMs: number
  readonly partitionMs: number
  readonly downMs: number
}

/** Kills the program, and it alone, some time after its start, if it still runs then. */
function killedWithin(ms: number, rng: Rng): RunOptions {
  const afterMs = STARTED_MS + rng.below(ms)
  return {
    onStart: ({kill}) => {
      setTimeout(() => kill('SIGKILL'), afterMs).unref()
    },
  }
}

function requireDone({code, stderr, stdout}: RunResult): void {
  expect(`${code} ${code === 0 ? '' : stdout + stderr}`).toBe('0 ')
}

async function requireOk(world: EnvironmentWorld): Promise<void> {
  await waitFor(async () => (await world.ps())?.state === 'ok', {deadlineMs: 30_000, what: 'state ok'})
  expect((await world.ps())?.nodes).toHaveLength(6)
}

/** `up` and `down` are killed at random moments: the next `up` and the next `down` make good what is left. */
export async function killUpAndDown(engine: EngineWorld, seed: number, {downMs, upMs}: Durations): Promise<void> {
  const rng = seededRng(seed)
  const world = await EnvironmentWorld.make(engine, `killed-up-${seed}`)
  await world.up(killedWithin(upMs, rng))
  if (rng.chance(0.5)) {
    requireDone(await world.up())
    await requireOk(world)
    await world.run(['down'], killedWithin(downMs, rng))
  }
  requireDone(await world.run(['down']))
  await world.expectNothingLeft()
}

/** `partition` and `heal` are killed at random moments: `heal --all` makes good what is left. */
export async function killPartitions(engine: EngineWorld, seed: number, {partitionMs}: Durations): Promise<void> {
  const rng = seededRng(seed)
  const world = await EnvironmentWorld.make(engine, `killed-cut-${seed}`)
  try {
    requireDone(await world.up())
    await world.run(['partition', '--isolate', 'n1'], killedWithin(partitionMs, rng))
    if (rng.chance(0.5)) await world.run(['heal'], killedWithin(partitionMs, rng))
    requireDone(await world.run(['heal', '--all']))
    expect(await world.do<{faults: unknown[]}>(['heal', '--all'])).toMatchObject({healed: []})
    await requireOk(world)
    // `down` without `heal` leaves nothing of a cut either.
    await world.run(['partition', '--halves'], killedWithin(partitionMs, rng))
  } finally {
    requireDone(await world.run(['down']))
  }
  await world.expectNothingLeft()
}

/** Two copies of the program do the same at the same time. */
export async function runTwice(engine: EngineWorld): Promise<void> {
  const world = await EnvironmentWorld.make(engine, 'twice')
  const both = async (words: readonly string[]) => {
    const results = await Promise.all([0, 1].map(() => world.run([...words, '--json'])))
    for (const result of results) requireDone(result)
    return results.map((result) => result.json())
  }
  try {
    const changes = (await both(world.upWords())).map((document) => document['change'])
    expect(changes.sort()).toEqual(['created', 'none'])
    // Right after the start: replicas were in sync, so one can take over.
    await both(['partition', '--isolate', 'n1'])
    await world.do(['wait', '--for', 'failover', '--timeout', '30s'])
    await both(['heal', '--all'])
    await requireOk(world)
  } finally {
    const removed = (await both(['down'])).map((document) => document['removed'])
    expect(removed.sort()).toEqual([false, true])
  }
  await world.expectNothingLeft()
}

/** Two environments at the same time: neither takes anything of the other, and one goes without the other. */
export async function runSideBySide(engine: EngineWorld): Promise<void> {
  const worlds = await Promise.all(['left', 'right'].map((label) => EnvironmentWorld.make(engine, label)))
  const [left, right] = worlds as [EnvironmentWorld, EnvironmentWorld]
  try {
    for (const result of await Promise.all(worlds.map((world) => world.run([...world.upWords(), '--replicas', '0'])))) {
      requireDone(result)
    }
    await left.do(['partition', '--isolate', 'n1'])
    expect(await right.ps()).toMatchObject({faults: [], state: 'ok'})
    requireDone(await left.run(['down']))
    await left.expectNothingLeft()
    expect((await right.ps())?.state).toBe('ok')
  } finally {
    for (const world of worlds) requireDone(await world.run(['down']))
  }
  await right.expectNothingLeft()
}
