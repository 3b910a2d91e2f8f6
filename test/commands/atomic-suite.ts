import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {type RunOptions, type RunResult, runShoal} from '../support/cli.js'
import {temporaryFolder, waitFor} from '../support/processes.js'
import {refusal, ScriptedCluster, type ScriptedNode} from '../support/scripted-cluster.js'
import type {Course, ScriptedMigrations} from '../support/scripted-migrations.js'

/** What both dialects owe the operator, told by the real program. */

export interface Failure {
  readonly error: {
    readonly code: string
    readonly message: string
    readonly suggestions: readonly string[]
    readonly details: Readonly<Record<string, unknown>>
  }
}

interface Moved {
  readonly result: {readonly slotsMoved: number; readonly keysMoved: number; readonly keysAtTarget: number}
}

export interface DialectUnderTest {
  readonly name: string
  readonly offer: (cluster: ScriptedCluster, nodes?: readonly ScriptedNode[]) => ScriptedMigrations
  /** The node that is told to start: 0 the source, 1 the target. */
  readonly drivenAt: 0 | 1
  readonly start: RegExp
  readonly cancel: RegExp
  /** One in which data flows. */
  readonly flowing: string
  /** Refusals to start, and what the operator gets. */
  readonly refusals: readonly (readonly [reply: string, code: string, exit: number])[]
  readonly module: string
}

/** A cluster of three, and what a test does to it. */
export class Scene {
  private readonly env = {SHOAL_STATE_DIR: temporaryFolder('atomic')}

  constructor(
    readonly cluster: ScriptedCluster,
    readonly migrations: ScriptedMigrations,
    readonly dialect: DialectUnderTest,
  ) {}

  get source(): ScriptedNode {
    return this.cluster.node(0)
  }

  get target(): ScriptedNode {
    return this.cluster.node(1)
  }

  get driven(): ScriptedNode {
    return this.cluster.node(this.dialect.drivenAt)
  }

  get starts(): string[] {
    return this.driven.logged(this.dialect.start)
  }

  get cancels(): string[] {
    return this.driven.logged(this.dialect.cancel)
  }

  reshard(slots: string, args: readonly string[] = [], options: RunOptions = {}): Promise<RunResult> {
    const ends = ['--from', this.source.id, '--to', this.target.id, '--slots', slots]
    return this.shoal(['reshard', this.cluster.seed, ...ends, '--yes', '--json', ...args], options)
  }

  shoal(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    return runShoal(args, {...options, env: this.env})
  }

  /** Starts a move and does something to it once its task is held. */
  async disturbed(
    course: Course,
    act: (run: {kill: (signal: NodeJS.Signals) => void}) => void,
    args: readonly string[] = [],
  ): Promise<RunResult> {
    const {hold = this.dialect.flowing} = course
    this.migrations.courses.push({hold, ...course})
    let acting: Promise<unknown> | undefined
    const run = await this.reshard('0-9', args, {
      onStart: (process) => {
        acting = waitFor(() => this.migrations.tasks[0]?.state === hold, {
          deadlineMs: 30_000,
          what: 'a held task',
        }).then(() => act(process))
      },
    })
    await acting
    return run
  }

  /** Once the source was asked for its migrations so often. */
  settledPolls(count: number): Promise<unknown> {
    const polls = () => this.source.logged(/GETSLOTMIGRATIONS/).length
    return waitFor(() => polls() >= count, {deadlineMs: 30_000, what: 'more polls'})
  }

  ownerOf(slot: number): number {
    return this.cluster.nodes.findIndex(({id}) => id === this.cluster.owners[slot])
  }

  async expectResumed(): Promise<void> {
    const run = await this.shoal(['resume', '--json'])
    expect(run.code, run.stdout + run.stderr).toBe(0)
    expect(this.ownerOf(0)).toBe(1)
    expect(this.ownerOf(9)).toBe(1)
  }
}

export function failureOf(run: RunResult): Failure['error'] & {exit: number | null} {
  return {...run.json<Failure>().error, exit: run.code}
}

export function describeAtomic(dialect: DialectUnderTest, more: (scene: () => Scene) => void): void {
  describe(`reshard by ${dialect.name}`, () => {
    let scene: Scene

    beforeEach(async () => {
      const cluster = await ScriptedCluster.start(3)
      scene = new Scene(cluster, dialect.offer(cluster), dialect)
    })
    afterEach(() => scene.cluster.stop())

    goingWell(dialect, () => scene)
    goingWrong(dialect, () => scene)
    stopping(() => scene)
    refusing(dialect, () => scene)
    more(() => scene)
  })
}

function goingWell(dialect: DialectUnderTest, scene: () => Scene): void {
  it('moves everything in tasks of bounded size, without an open slot, and shows the states', async () => {
    const run = await scene().reshard('0-2000', ['--events'])
    expect(run.code, run.stdout + run.stderr).toBe(0)
    expect(run.json<Moved>().result).toMatchObject({slotsMoved: 2001, keysMoved: 2001, keysAtTarget: 2001})
    expect(scene().starts).toHaveLength(2)
    expect(scene().cluster.nodes.flatMap((node) => node.logged(/^(?:CLUSTER SETSLOT|MIGRATE) /))).toEqual([])
    expect([scene().ownerOf(0), scene().ownerOf(2000), scene().ownerOf(2001)]).toEqual([1, 1, 0])
    expect(run.stderr).toContain(`"state":"${dialect.flowing}"`)
    const jobs = (await scene().shoal(['jobs', '--json'])).json<{jobs: {state: string; slotsDone: number}[]}>().jobs
    expect(jobs).toMatchObject([{state: 'finished', slotsDone: 2001}])
  })

  it('can be told to move slot by slot all the same', async () => {
    const run = await scene().reshard('0-9', ['--transfer', 'migrate'])
    expect(run.code, run.stdout + run.stderr).toBe(0)
    expect(scene().starts).toEqual([])
    expect(scene().target.logged(/SETSLOT 5 IMPORTING/)).toHaveLength(1)
  })

  it('waits for a source that still trims what it gave away', async () => {
    scene().migrations.courses.push({trimShows: 3})
    const run = await scene().reshard('0-9')
    expect(run.code, run.stdout + run.stderr).toBe(0)
  })

  it('tries again after a failure that may pass', async () => {
    scene().migrations.courses.push({end: 'forgotten'})
    const run = await scene().reshard('0-9')
    expect(run.code, run.stdout + run.stderr).toBe(0)
    expect(scene().starts).toHaveLength(2)
    expect(run.stderr).toMatch(/tried again: its task is unknown/)
  })

  it('believes the owners, not a task that the nodes have forgotten', async () => {
    scene().migrations.courses.push({end: 'forgotten', slotsGo: true})
    const run = await scene().reshard('0-9')
    expect(run.code, run.stdout + run.stderr).toBe(0)
    expect(scene().starts).toHaveLength(1)
    expect(run.json<Moved>().result.slotsMoved).toBe(10)
  })
}

function goingWrong(dialect: DialectUnderTest, scene: () => Scene): void {
  it('does not believe a task that ends well while the slots stay', async () => {
    scene().migrations.courses.push({slotsGo: false})
    const failure = failureOf(await scene().reshard('0-9'))
    expect([failure.exit, failure.details['cause']]).toEqual([6, 'NODES_DISAGREE'])
    expect(failure.message).toMatch(/still owns slots 0-9.*10 slots remain: 0-9/)
  })

  it('stops without harm when somebody else cancels, and is resumed', async () => {
    scene().migrations.courses.push({end: 'cancelled'})
    const failure = failureOf(await scene().reshard('0-9'))
    expect([failure.exit, failure.code]).toEqual([6, 'PLAN_PARTIAL'])
    expect(failure.message).toMatch(/slots 0-9 stay at .*: somebody cancelled it; 10 slots remain/)
    expect(scene().starts).toHaveLength(1)
    await scene().expectResumed()
  })

  it('cancels what makes no progress', async () => {
    scene().migrations.courses.push({hold: dialect.flowing})
    const failure = failureOf(await scene().reshard('0-9', ['--migrate-timeout', '400']))
    expect([failure.exit, failure.code]).toEqual([6, 'PLAN_PARTIAL'])
    expect(failure.message).toMatch(/slots 0-9 stay at .*: no progress for 400 ms/)
    expect(scene().cancels).toHaveLength(1)
    expect(scene().ownerOf(0)).toBe(0)
    await scene().expectResumed()
  })

  it('waits on while data arrives, however long a state lasts', async () => {
    scene().migrations.courses.push({hold: dialect.flowing})
    const growing = setInterval(() => {
      scene().target.usedMemory += 2_000_000
    }, 20)
    const waiting = scene().reshard('0-9', ['--migrate-timeout', '1500'])
    await waitFor(() => scene().target.usedMemory > 400_000_000, {deadlineMs: 60_000, what: 'a long state'})
    scene().migrations.release()
    const run = await waiting
    clearInterval(growing)
    expect(run.code, run.stdout + run.stderr).toBe(0)
    expect(scene().cancels).toEqual([])
  })

  it('goes on with the successor when the source fails over meanwhile', async () => {
    const cluster = await ScriptedCluster.start(4, {empty: 1})
    const failing = new Scene(cluster, dialect.offer(cluster), dialect)
    const [source, replica] = [cluster.node(0), cluster.node(3)]
    Object.assign(replica, {role: 'slave', primaryId: source.id})
    const run = await failing.disturbed({end: 'failed', message: 'A failover occurred'}, () => {
      Object.assign(replica, {role: 'master', primaryId: undefined})
      Object.assign(source, {role: 'slave', primaryId: replica.id})
      cluster.give(cluster.slotsOf(source), replica.id)
      failing.migrations.forget()
    })
    expect(run.code, run.stdout + run.stderr).toBe(0)
    expect(run.stderr).toMatch(/is not a primary any more/)
    expect(failing.migrations.tasks.map(({from, to}) => [from, to])).toEqual([[replica.id, cluster.node(1).id]])
    expect([failing.ownerOf(0), failing.ownerOf(9), failing.ownerOf(10)]).toEqual([1, 1, 3])
  })

  it.each([0, 1])('stops clean when node %i of the pair dies', async (index) => {
    // A destination goes on trying to reach its source, which may have a replica that takes over.
    const bounded = ['--migrate-timeout', '2000']
    const run = await scene().disturbed({}, () => void scene().cluster.node(index).stop(), bounded)
    const failure = failureOf(run)
    expect([failure.exit, failure.code]).toEqual([6, 'PLAN_PARTIAL'])
    expect(scene().migrations.tasks[0]?.slots).toHaveLength(10)
    expect(failure.suggestions[0]).toMatch(/^shoal resume reshard-/)
  })
}

function stopping(scene: () => Scene): void {
  it('cancels on Ctrl-C, which leaves the slots where they were, and is resumed', async () => {
    const run = await scene().disturbed({}, ({kill}) => kill('SIGINT'))
    expect(failureOf(run)).toMatchObject({exit: 130, code: 'INTERRUPTED'})
    expect(failureOf(run).details['remaining']).toBe('0-9')
    expect(scene().cancels).toHaveLength(1)
    expect(scene().migrations.running).toEqual([])
    expect(scene().ownerOf(0)).toBe(0)
    await scene().expectResumed()
  })

  it('says so when a task cannot be cancelled any more, because it came to its end', async () => {
    const run = await scene().disturbed({stubborn: true}, ({kill}) => {
      kill('SIGINT')
      void waitFor(() => scene().cancels.length > 0, {deadlineMs: 30_000, what: 'the cancel'}).then(() =>
        scene().migrations.release(),
      )
    })
    expect(run.code, run.stdout + run.stderr).toBe(0)
    expect(scene().ownerOf(0)).toBe(1)
  })

  it('takes up, after SIGKILL, the task that ran on', async () => {
    const killed = await scene().disturbed({}, ({kill}) => kill('SIGKILL'))
    expect(killed.signal).toBe('SIGKILL')
    expect(scene().migrations.running).toHaveLength(1)
    scene().migrations.release()
    const run = await scene().shoal(['resume', '--json', '--events'])
    expect(run.code, run.stdout + run.stderr).toBe(0)
    // It is watched, not just waited for.
    expect(run.stderr).toMatch(/"event":"task".*"slots":"0-9","task":"0+1"/)
    expect([scene().ownerOf(0), scene().ownerOf(9)]).toEqual([1, 1])
    expect(scene().starts).toHaveLength(1)
  })

  it('inspects the owners, after SIGKILL, when the task ended unseen', async () => {
    await scene().disturbed({}, ({kill}) => kill('SIGKILL'))
    scene().cluster.give(scene().migrations.tasks[0]?.slots ?? [], scene().target.id)
    scene().migrations.forget()
    await scene().expectResumed()
    expect(scene().starts).toHaveLength(1)
  })

  it('does not go another way while a task of its own runs on', async () => {
    await scene().disturbed({}, ({kill}) => kill('SIGKILL'))
    const failure = failureOf(await scene().shoal(['resume', '--transfer', 'migrate', '--json']))
    expect(failure.message).toMatch(/is migrating slots 0-9 \(task 0+1/)
    expect(scene().cluster.nodes.flatMap((node) => node.logged(/^CLUSTER SETSLOT/))).toEqual([])
    expect(scene().starts).toHaveLength(1)
  })
}

function refusing(dialect: DialectUnderTest, scene: () => Scene): void {
  it('is refused where one of the two nodes does not offer it; by itself it goes slot by slot there', async () => {
    const {cluster} = scene()
    cluster.handlers.length = 0
    dialect.offer(cluster, [cluster.node(0), cluster.node(2)])
    const failure = failureOf(await scene().reshard('0-9', ['--transfer', 'atomic']))
    expect([failure.exit, failure.code]).toEqual([8, 'ENVIRONMENT_LACKS'])
    expect(failure.message).toMatch(new RegExp(`^${scene().target.address} .* offers no atomic slot migration`))
    expect((await scene().shoal(['jobs', '--json'])).json()).toEqual({jobs: []})
    const run = await scene().reshard('0-9')
    expect(run.code, run.stdout + run.stderr).toBe(0)
    expect(scene().target.logged(/SETSLOT 5 IMPORTING/)).toHaveLength(1)
  })

  it('does not begin beside a task of somebody else', async () => {
    scene().migrations.begin(scene().source.id, scene().target.id, [100, 101], {hold: 'connecting'})
    const failure = failureOf(await scene().reshard('0-9'))
    expect([failure.exit, failure.code]).toEqual([5, 'LOCKED'])
    expect(failure.message).toMatch(/is migrating slots 100-101 \(task 0+1, connecting\)/)
    expect(scene().starts).toEqual([])
    expect(scene().cancels).toEqual([])
  })

  it('finishes slots that were open before, the way they were begun', async () => {
    const {cluster, source, target} = scene()
    const {script} = source
    // The first slot's MIGRATING kills the connection: a run cut short in the middle of a slot.
    source.script = (command) => {
      if (command[1] === 'SETSLOT' && command[3] === 'MIGRATING') {
        source.script = script
        source.migrating.set(Number(command[2]), target.id)
        return refusal('ERR crash')
      }
      return undefined
    }
    expect((await scene().reshard('0-9', ['--transfer', 'migrate'])).code).toBe(6)
    expect([...source.migrating.keys()]).toContain(0)
    await scene().expectResumed()
    expect([...source.migrating.keys(), ...target.importing.keys()]).toEqual([])
    expect(cluster.owners.slice(0, 10).every((owner) => owner === target.id)).toBe(true)
  })

  it.each(dialect.refusals)('tells why a node does not begin: %s', async (reply, code, exit) => {
    scene().driven.script = (command) => (dialect.start.test(command.join(' ')) ? refusal(reply) : undefined)
    const failure = failureOf(await scene().reshard('0-9', ['--transfer', 'atomic']))
    expect([failure.exit, failure.details['cause'] ?? failure.code]).toEqual([exit, code])
    expect(failure.message).toContain(reply)
    expect(scene().ownerOf(0)).toBe(0)
  })

  it('goes slot by slot if a node that has the command cannot do it', async () => {
    scene().driven.script = (command) => (dialect.start.test(command.join(' ')) ? refusal(dialect.module) : undefined)
    const run = await scene().reshard('0-9')
    expect(run.code, run.stdout + run.stderr).toBe(0)
    expect(run.stderr).toMatch(/the slots go one by one/)
    expect(scene().target.logged(/SETSLOT 5 IMPORTING/)).toHaveLength(1)
  })
}
