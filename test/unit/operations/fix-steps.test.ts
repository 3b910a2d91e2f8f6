import {expect, it} from 'vitest'
import type {Command} from '../../../src/lib/client/node-connection.js'
import type {ClusterView} from '../../../src/lib/model/cluster-view.js'
import {assign} from '../../../src/lib/operations/fix/steps.js'
import type {ObservedCluster} from '../../../src/lib/operations/observe.js'
import {idOf, type NodeSketch, viewOf} from '../plan/view-of.js'

/** What `assign` of slot 5 sends to node a of such a cluster. */
async function sentBy(sketches: readonly NodeSketch[]): Promise<string[]> {
  const sent: string[] = []
  const pipeline = async (commands: readonly Command[]) => commands.map((command) => sent.push(command.join(' ')))
  const view: ClusterView = viewOf(sketches)
  const cluster = {view, connectionTo: () => ({name: 'a', pipeline})} as unknown as ObservedCluster
  await assign(cluster, idOf('a'), '5')
  return sent
}

it('gives a slot to a node by a new epoch, unless others would drop slots that they dispute with it', async () => {
  const rest: NodeSketch = {name: 'b', slots: '6-9000'}
  const third: NodeSketch = {name: 'c', slots: '9001-16383'}
  expect(await sentBy([{name: 'a', slots: '0-4'}, rest, third])).toEqual(['CLUSTER ADDSLOTS 5', 'CLUSTER BUMPEPOCH'])
  expect(await sentBy([{name: 'a', slots: '0-4,7'}, rest, third])).toEqual(['CLUSTER ADDSLOTS 5'])
  expect(await sentBy([{name: 'a', slots: '0-4'}, rest, {...third, slots: '9000-16383'}])).toHaveLength(2)
})
