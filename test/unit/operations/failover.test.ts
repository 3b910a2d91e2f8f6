import {expect, it} from 'vitest'
import {interrupted} from '../../../src/lib/client/abort.js'
import {failOver} from '../../../src/lib/operations/failover.js'
import type {ObservedCluster} from '../../../src/lib/operations/observe.js'
import {planFailover} from '../../../src/lib/plan/failover.js'
import {viewOf} from '../plan/view-of.js'

const VIEW = viewOf([
  {name: 'a', slots: '0-8191'},
  {name: 'b', slots: '8192-16383'},
  {name: 'c', replicaOf: 'a', info: {master_link_status: 'up'}},
])

it('says on Ctrl-C that the replica was asked and may still be promoted', async () => {
  const stop = new AbortController()
  const cluster = {
    view: VIEW,
    seed: VIEW.seed,
    connectionTo: () => ({call: async () => 'OK'}),
    observe: async () => {
      stop.abort()
      throw interrupted()
    },
  } as unknown as ObservedCluster
  const plan = planFailover(VIEW, '127.0.0.1:7002', 'plain')
  await expect(
    failOver(cluster, plan, {waitMs: 5000, onRest: () => undefined, signal: stop.signal}),
  ).rejects.toMatchObject({code: 'INTERRUPTED', message: expect.stringMatching(/7002 .* may still be promoted/)})
})
