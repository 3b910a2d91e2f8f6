import {setTimeout as delay} from 'node:timers/promises'
import type {CrdbConfig} from '../model/crdb.js'
import {crdtEffects} from '../server/crdt/peers/effects.js'
import type {Server} from '../server/server.js'
import type {EmbeddedRegion} from './crdb-region.js'

const CONNECT_WITHIN_MS = 20_000

/**
 * Makes every node an instance's, and resolves once all regions take writes and hear of each other.
 *
 * @throws Error with what a node says against it
 */
export async function connectRegions(regions: readonly EmbeddedRegion[], config: CrdbConfig): Promise<void> {
  const json = JSON.stringify(config)
  await Promise.all(regions.flatMap(({id, servers}) => servers.map((server) => takeConfig(server, id, json))))
  const untilMs = performance.now() + CONNECT_WITHIN_MS
  for (;;) {
    const problem = regions.map(whyNotReady).find((reason) => reason !== undefined)
    if (problem === undefined) return
    if (performance.now() > untilMs) throw new Error(`the regions did not connect in time: ${problem}`)
    await delay(1)
  }
}

async function takeConfig(server: Server, region: number, json: string): Promise<void> {
  const refusal = await new Promise<string | undefined>((resolve) =>
    crdtEffects(server)!.useCrdt((shell) => shell.take(region, json), resolve),
  )
  if (refusal !== undefined) throw new Error(refusal)
}

function whyNotReady({databases, id}: EmbeddedRegion): string | undefined {
  if (databases.length === 0) return `region ${id} has no instance`
  for (const {peers, writeRefusal} of databases) {
    if (writeRefusal !== undefined) return writeRefusal
    const missing = peers?.status().find(({status}) => status !== 'in-sync')
    if (peers === undefined || missing !== undefined) return `region ${id} hears nothing of region ${missing?.region}`
  }
  return undefined
}

/** From now on a region hears nothing of these others, and they nothing of it; of all the rest it does. */
export function cutLinks({servers}: EmbeddedRegion, others: readonly number[]): void {
  for (const {crdt} of servers) crdt?.peers?.cut(others)
}
