import type {Rng} from '../../src/lib/kernel/rng.js'

/**
 * One machine's disk as a crash sees it.
 *
 *   write()   the process sees it at once; the sectors are in the page cache
 *   fsync()   the sectors are durable
 *   rename()  the process sees it at once; the directory entry is durable only after fsyncDir()
 *   crash()   each unsynced sector survives or not by a coin (torn files); an unsynced rename survives or not
 *
 * A file whose data was never synced but whose name survived holds whatever sectors were lucky, the rest zeroes: this
 * is what "fsync before rename left out" costs.
 */
export class SimDisk {
  private cache = new Map<string, Inode>()
  private durable = new Map<string, Inode>()
  private pendingNames: NameChange[] = []

  read(name: string): string | undefined {
    return this.cache.get(name)?.text
  }

  /** Creates or replaces the contents; the name of a new file needs fsyncDir() like any other change of names. */
  write(name: string, text: string): void {
    const old = this.cache.get(name)
    if (old) {
      old.text = text
      return
    }
    const inode: Inode = {synced: '', text}
    this.cache.set(name, inode)
    this.pendingNames.push({add: name, inode})
  }

  fsync(name: string): void {
    const inode = this.cache.get(name)
    if (inode) inode.synced = inode.text
  }

  rename(from: string, to: string): void {
    const inode = this.cache.get(from)
    if (!inode) return
    this.cache.delete(from)
    this.cache.set(to, inode)
    this.pendingNames.push({add: to, inode, remove: from})
  }

  fsyncDir(): void {
    this.durable = new Map(this.cache)
    this.pendingNames = []
  }

  /** What a crash at this moment would certainly keep of the file; undefined if not even its name. */
  durableText(name: string): string | undefined {
    return this.durable.get(name)?.synced
  }

  /** Power loss: what was not durable survives by chance. Changes of names survive in order, up to some point. */
  crash(rng: Rng, sectorBytes = 512): void {
    const kept = rng.below(this.pendingNames.length + 1)
    for (const {add, inode, remove} of this.pendingNames.slice(0, kept)) {
      this.durable.set(add, inode)
      if (remove !== undefined) this.durable.delete(remove)
    }
    const torn = new Map<Inode, string>()
    for (const inode of this.durable.values()) {
      if (inode.text !== inode.synced) torn.set(inode, tear(inode, rng, sectorBytes))
    }
    for (const [inode, text] of torn) {
      inode.text = text
      inode.synced = text
    }
    this.cache = new Map(this.durable)
    this.pendingNames = []
  }

  /** A new disk in the same machine. */
  wipe(): void {
    this.cache.clear()
    this.durable.clear()
    this.pendingNames = []
  }
}

interface Inode {
  text: string
  synced: string
}

interface NameChange {
  readonly add: string
  readonly inode: Inode
  readonly remove?: string
}

/** The length survives as old or new; each sector is the new one, or the old one (zeroes where there was none). */
function tear({synced, text}: Inode, rng: Rng, sectorBytes: number): string {
  const length = rng.chance(0.5) ? text.length : synced.length
  let torn = ''
  for (let at = 0; at < length; at += sectorBytes) {
    const end = Math.min(at + sectorBytes, length)
    const sector = (rng.chance(0.5) ? text : synced).slice(at, end)
    torn += sector.padEnd(end - at, '\0')
  }
  return torn
}
