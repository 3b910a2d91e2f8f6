import {portsOf} from './spec.js'
import type {EnvironmentStore} from './store.js'

/** Ports that belong to environments, whether their nodes run or not, and to which. */
export async function claimedPorts(store: EnvironmentStore): Promise<Map<number, string>> {
  const claimed = new Map<number, string>()
  for (const name of await store.names()) {
    // A file that cannot be read claims nothing that can be known; its running nodes still hold their ports.
    const state = await store.read(name).catch(() => undefined)
    for (const port of state ? portsOf(state.spec) : []) claimed.set(port, name)
  }
  return claimed
}
