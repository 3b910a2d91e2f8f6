import {expect, it} from 'vitest'
import {ScriptedMigrateSlots} from '../support/scripted-migrations.js'
import {type DialectUnderTest, describeAtomic, failureOf} from './atomic-suite.js'

/** Valkey 9. */
const dialect: DialectUnderTest = {
  name: 'CLUSTER MIGRATESLOTS',
  offer: (cluster, nodes) => new ScriptedMigrateSlots(cluster, nodes),
  drivenAt: 0,
  start: /^CLUSTER MIGRATESLOTS/,
  cancel: /^CLUSTER CANCELSLOTMIGRATIONS/,
  flowing: 'snapshotting',
  refusals: [
    ['ERR Slots are being manually imported', 'CLUSTER_UNHEALTHY', 6],
    ['ERR Slot migration can only be used on primary nodes.', 'PLAN_PARTIAL', 6],
    ['ERR Slots are not served by this node.', 'PLAN_PARTIAL', 6],
    ['ERR Unknown node name: bbbb', 'PLAN_PARTIAL', 6],
    ["NOPERM User ops has no permissions to run the 'cluster|migrateslots' command", 'ENVIRONMENT_LACKS', 6],
  ],
  module: 'ERR Atomic slot migration is not supported by all loaded modules',
}

describeAtomic(dialect, (scene) => {
  it('names the ranges and the target, to the source', async () => {
    await scene().reshard('0-4,10-11')
    expect(scene().starts).toEqual([`CLUSTER MIGRATESLOTS SLOTSRANGE 0 4 10 11 NODE ${scene().target.id}`])
  })

  it.each([
    'Connection lost to target',
    'Timed out after too long with no interaction',
    'Unpaused before failover completed',
  ])('begins again after %s', async (message) => {
    scene().migrations.courses.push({end: 'failed', message})
    const run = await scene().reshard('0-9')
    expect(run.code, run.stdout + run.stderr).toBe(0)
    expect(scene().starts).toHaveLength(2)
    expect(run.stderr).toContain(`tried again: ${message}`)
  })

  it('gives up after three failures, with the reason', async () => {
    for (let i = 0; i < 3; i++) scene().migrations.courses.push({end: 'failed', message: 'Data was flushed'})
    const failure = failureOf(await scene().reshard('0-9'))
    expect([failure.exit, failure.code]).toEqual([6, 'PLAN_PARTIAL'])
    expect(failure.message).toMatch(/slots 0-9 stay at .*: Data was flushed; 10 slots remain/)
    expect(scene().starts).toHaveLength(3)
    await scene().expectResumed()
  })

  it('does not begin again where the target is out of memory', async () => {
    scene().migrations.courses.push({end: 'failed', message: 'Ran out of memory (OOM) during slot import'})
    const failure = failureOf(await scene().reshard('0-9'))
    expect([failure.exit, failure.message]).toEqual([6, expect.stringContaining('Ran out of memory')])
    expect(scene().starts).toHaveLength(1)
  })

  it('goes slot by slot if the nodes may not log in to each other', async () => {
    const message = 'Failed to AUTH to target node: -WRONGPASS invalid username-password pair'
    scene().migrations.courses.push({end: 'failed', message})
    const run = await scene().reshard('0-9')
    expect(run.code, run.stdout + run.stderr).toBe(0)
    expect(scene().target.logged(/SETSLOT 5 IMPORTING/)).toHaveLength(1)
  })

  it('warns of writes that a failed task may have lost though the slots went', async () => {
    const message = 'Slot migration may have succeeded with lost writes'
    scene().migrations.courses.push({end: 'failed', slotsGo: true, message})
    const run = await scene().reshard('0-9')
    expect(run.code, run.stdout + run.stderr).toBe(0)
    expect(run.stderr).toContain(message)
    expect(scene().starts).toHaveLength(1)
  })

  it('does not cancel a task that holds back writes: they could be lost', async () => {
    const run = await scene().disturbed({hold: 'failover-granted'}, ({kill}) => {
      kill('SIGINT')
      // It ends once it was asked about a few more times.
      const asked = scene().source.logged(/GETSLOTMIGRATIONS/).length
      void scene()
        .settledPolls(asked + 5)
        .then(() => scene().migrations.release())
    })
    expect(scene().cancels).toEqual([])
    expect(run.code, run.stdout + run.stderr).toBe(0)
    expect(scene().ownerOf(0)).toBe(1)
  })

  it('cancels nothing that others began meanwhile', async () => {
    const run = await scene().disturbed({}, ({kill}) => {
      const {cluster, migrations, source} = scene()
      migrations.begin(source.id, cluster.node(2).id, [200], {states: ['connecting'], hold: 'connecting'})
      kill('SIGINT')
      const asked = source.logged(/GETSLOTMIGRATIONS/).length
      void scene()
        .settledPolls(asked + 5)
        .then(() => migrations.release())
    })
    expect(scene().cancels).toEqual([])
    expect(run.stderr).toMatch(/cancelling them at .* would cancel 200 too/)
    expect(run.code, run.stdout + run.stderr).toBe(0)
  })
})
