import {expect, it} from 'vitest'
import {refusal} from '../support/scripted-cluster.js'
import {ScriptedMigrationImport} from '../support/scripted-migrations.js'
import {type DialectUnderTest, describeAtomic, failureOf} from './atomic-suite.js'

/** Redis 8.4. */
const dialect: DialectUnderTest = {
  name: 'CLUSTER MIGRATION',
  offer: (cluster, nodes) => new ScriptedMigrationImport(cluster, nodes),
  drivenAt: 1,
  start: /^CLUSTER MIGRATION IMPORT/,
  cancel: /^CLUSTER MIGRATION CANCEL/,
  flowing: 'accumulate-buffer',
  refusals: [
    ['ERR all slot states must be STABLE to start a slot migration task.', 'CLUSTER_UNHEALTHY', 6],
    ['ERR slot migration not allowed on replica.', 'PLAN_PARTIAL', 6],
    ['ERR slots belong to different source nodes', 'PLAN_PARTIAL', 6],
    ['ERR slot has no owner: 5', 'PLAN_PARTIAL', 6],
    ['ERR this node is already the owner of the slot range', 'PLAN_PARTIAL', 6],
    ["NOPERM User ops has no permissions to run the 'cluster|migration' command", 'ENVIRONMENT_LACKS', 6],
  ],
  module: 'ERR a loaded module does not support atomic slot migration',
}

describeAtomic(dialect, (scene) => {
  it('names the ranges to the destination, and its task by id', async () => {
    await scene().reshard('0-4,10-11')
    expect(scene().starts).toEqual(['CLUSTER MIGRATION IMPORT 0 4 10 11'])
    expect(scene().target.logged(/STATUS ID 0+1$/).length).toBeGreaterThan(0)
  })

  it('leaves trying again to the server, and shows that it does', async () => {
    scene().migrations.courses.push({failures: 2, message: 'RDB channel - Connection is closed'})
    const run = await scene().reshard('0-9')
    expect(run.code, run.stdout + run.stderr).toBe(0)
    expect(scene().starts).toHaveLength(1)
    expect(run.stderr).toContain('are tried again by the server: RDB channel - Connection is closed')
  })

  it('cancels what the server tries again without end', async () => {
    scene().migrations.courses.push({failures: 1_000_000, message: 'cross-slot command'})
    const failure = failureOf(await scene().reshard('0-9', ['--migrate-timeout', '1000']))
    expect(failure.exit).toBe(6)
    expect(failure.message).toMatch(/no progress for 1000 ms, cross-slot command/)
    expect(scene().cancels).toEqual([expect.stringMatching(/CANCEL ID 0+1$/)])
    expect(scene().migrations.running).toEqual([])
  })

  it('waits for a node that is busy for a moment', async () => {
    let refusals = 2
    scene().target.script = (command) =>
      dialect.start.test(command.join(' ')) && refusals-- > 0
        ? refusal('ERR another ASM task is already in progress')
        : undefined
    const run = await scene().reshard('0-9')
    expect(run.code, run.stdout + run.stderr).toBe(0)
    expect(scene().starts).toHaveLength(3)
  })

  it('fetches from one source at a time, since a node has one task', async () => {
    const {cluster} = scene()
    const ids = [cluster.node(0).id, cluster.node(2).id].join(',')
    const args = ['--from', ids, '--to', cluster.node(1).id, '--slots', '100', '--yes', '--json']
    const run = await scene().shoal(['reshard', cluster.seed, ...args])
    expect(run.code, run.stdout + run.stderr).toBe(0)
    expect(scene().starts).toHaveLength(2)
    expect(
      scene()
        .migrations.tasks.map(({from}) => from)
        .sort(),
    ).toEqual([cluster.node(0).id, cluster.node(2).id])
  })
})
