import {expect} from 'vitest'
import {formCluster} from '../../support/peers.js'
import {waitFor} from '../../support/processes.js'
import {type AnyNode, startEmbedded, waitForOneView} from '../mixed-cluster-support.js'

/** Embedded nodes that give slots to each other. */

export type JobFields = Readonly<Record<string, string | number>>

/** The newest first. */
export async function jobsOf(node: AnyNode): Promise<JobFields[]> {
  const jobs = (await node.call('CLUSTER', 'GETSLOTMIGRATIONS')) as (string | number)[][]
  return jobs.map((flat) =>
    Object.fromEntries(flat.flatMap((name, at) => (at % 2 === 0 ? [[name, flat[at + 1] as string]] : []))),
  )
}

export const idOf = async (node: AnyNode): Promise<string> => String(await node.call('CLUSTER', 'MYID'))

/** Starts a migration. @returns its name */
export async function beginMove(source: AnyNode, target: AnyNode, ...slots: readonly number[]): Promise<string> {
  return await beginMoveTo(source, await idOf(target), ...slots)
}

/** The same with a target that may not be able to answer. */
export async function beginMoveTo(source: AnyNode, targetId: string, ...slots: readonly number[]): Promise<string> {
  await source.call('CLUSTER', 'MIGRATESLOTS', 'SLOTSRANGE', ...slots, 'NODE', targetId)
  return String((await jobsOf(source))[0]?.name)
}

export async function jobOf(node: AnyNode, name: string): Promise<JobFields | undefined> {
  return (await jobsOf(node)).find((job) => job.name === name)
}

/** Waits until a node shows the job in one of the states. */
export async function untilState(node: AnyNode, name: string, ...states: readonly string[]): Promise<JobFields> {
  let seen: JobFields | undefined
  return await waitFor(
    async () => {
      seen = await jobOf(node, name)
      return seen !== undefined && states.includes(String(seen.state)) && seen
    },
    {deadlineMs: 30_000, what: () => `job ${name} ${states.join(' or ')}: ${JSON.stringify(seen)}`},
  )
}

/** Moves slots and waits for the end. */
export async function move(source: AnyNode, target: AnyNode, ...slots: readonly number[]): Promise<JobFields> {
  const name = await beginMove(source, target, ...slots)
  const job = await untilState(source, name, 'success', 'failed', 'cancelled')
  expect(job, JSON.stringify(job)).toMatchObject({state: 'success', message: ''})
  return job
}

/** Nothing was answered by ASK or TRYAGAIN. */
export async function expectNoAsk(...nodes: readonly AnyNode[]): Promise<void> {
  for (const node of nodes) {
    const stats = String(await node.call('INFO', 'errorstats'))
    expect(stats).not.toMatch(/errorstat_(ASK|TRYAGAIN)/)
  }
}

/** A cluster of primaries that share the slots evenly; the others follow the first ones in turn. */
export async function startCluster(primaries: number, replicas = 0, args: readonly string[] = []): Promise<AnyNode[]> {
  const nodes = await Promise.all(Array.from({length: primaries + replicas}, () => startEmbedded({args})))
  await formCluster(nodes, primaries)
  for (const [index, replica] of nodes.slice(primaries).entries()) {
    await waitFor(async () => replica.call('CLUSTER', 'REPLICATE', await idOf(nodes[index % primaries] as AnyNode)), {
      what: 'a replica of a known primary',
    })
  }
  await waitForOneView(nodes)
  return nodes
}
