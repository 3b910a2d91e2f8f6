import type {SimDisk} from './disk.js'

const CONF = 'nodes.conf'
const CONF_TEMP = 'nodes.conf.tmp'
/** A save that nobody waits for is joined by others until then. */
const SAVE_SOON_MS = 2

/** What the file needs of the process it belongs to. */
export interface ConfOwner {
  render(): string
  /** The text is on the disk. */
  onSaved(text: string): void
  /** Runs in this life of the process, or never. */
  later(delayMs: number, run: () => void): void
  /** How long this fsync takes. */
  fsyncMs(): number
}

/**
 * nodes.conf of one life of a process, saved as `src/lib/node/nodes-conf-file.ts` does: write-temp, fsync, rename, fsync of
 * the folder, at once or a little later and then joined by other saves; and a copy ahead of that for the case that only
 * the process dies.
 */
export class SimConfFile {
  private joined: (() => void)[] | undefined
  private isAhead = false

  constructor(
    private readonly disk: SimDisk,
    private readonly owner: ConfOwner,
    private readonly noFsyncBeforeRename: boolean,
  ) {}

  static read(disk: SimDisk): string | undefined {
    return disk.read(CONF)
  }

  /** Durable on return. */
  saveNow(): void {
    const text = this.owner.render()
    this.replace(text)
    this.disk.fsyncDir()
    this.isAhead = false
    this.owner.onSaved(text)
  }

  /** @param onDone - once what is true now is durable */
  saveSoon(onDone: () => void = () => undefined): void {
    if (this.joined) {
      this.joined.push(onDone)
      return
    }
    this.joined = [onDone]
    this.owner.later(SAVE_SOON_MS + this.owner.fsyncMs(), () => {
      const {joined = []} = this
      this.joined = undefined
      this.saveNow()
      for (const done of joined) done()
    })
  }

  /** From here on the death of the process takes nothing back; that of the machine may. */
  writeAhead(): void {
    this.isAhead = true
  }

  /** The process dies: its copy is taken at the next start. */
  onKilled(): void {
    if (this.isAhead) this.replace(this.owner.render())
  }

  /** The power goes in the middle of a save. @param stepCount - how far it got: 1 written, 2 synced, 3 renamed */
  saveInPart(stepCount: number): void {
    this.replace(this.owner.render(), stepCount)
  }

  private replace(text: string, stepCount = 3): void {
    if (stepCount >= 1) this.disk.write(CONF_TEMP, text)
    if (stepCount >= 2 && !this.noFsyncBeforeRename) this.disk.fsync(CONF_TEMP)
    if (stepCount >= 3) this.disk.rename(CONF_TEMP, CONF)
  }
}
