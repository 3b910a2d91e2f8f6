import type {Client} from '../client.js'

/** One prefix that somebody wants to hear of (CLIENT TRACKING BCAST). */
interface Prefix {
  readonly clients: Set<Client>
  /** What has changed since the last turn, and by whom last; undefined if by nobody to whom that matters. */
  readonly changed: Map<string, Client | undefined>
}

/** Changes by prefix of the key, told together at the end of a turn whoever read the keys. */
export class Broadcasts {
  private readonly prefixes = new Map<string, Prefix>()
  private hasChanged = false

  get size(): number {
    return this.prefixes.size
  }

  add(client: Client, prefix: string): void {
    const known = this.prefixes.get(prefix)
    if (known === undefined) this.prefixes.set(prefix, {changed: new Map(), clients: new Set([client])})
    else known.clients.add(client)
  }

  remove(client: Client, prefix: string): void {
    const known = this.prefixes.get(prefix)
    known?.clients.delete(client)
    if (known?.clients.size === 0) this.prefixes.delete(prefix)
  }

  note(key: string, by: Client | undefined): void {
    for (const [prefix, {changed}] of this.prefixes) {
      if (!key.startsWith(prefix)) continue
      changed.set(key, by)
      this.hasChanged = true
    }
  }

  /** @param tell - called once per client and prefix with what the client is to hear of */
  flush(tell: (client: Client, keys: readonly string[]) => void): void {
    if (!this.hasChanged) return
    this.hasChanged = false
    for (const prefix of [...this.prefixes.keys()].sort()) {
      const {changed, clients} = this.prefixes.get(prefix)!
      if (changed.size === 0) continue
      const keys = [...changed.keys()].sort()
      for (const client of clients) {
        const heard = client.tracking?.noLoop ? keys.filter((key) => changed.get(key) !== client) : keys
        if (heard.length > 0) tell(client, heard)
      }
      changed.clear()
    }
  }
}
