import type * as fs from 'node:fs'

/**
 * A disk that makes nothing durable while it is held. A test file puts it over `node:fs`:
 *
 *     const disk = await vi.hoisted(async () => new (await import('.../held-disk.js')).HeldDisk(true))
 *     vi.mock('node:fs', async (original) => disk.over(await original()))
 */
export class HeldDisk {
  /** What was asked for and has not been answered. */
  readonly asked: (() => void)[] = []

  constructor(public isHeld: boolean) {}

  over(real: typeof fs): typeof fs {
    const fdatasync = (fd: number, done: (error: null) => void) => {
      if (this.isHeld) this.asked.push(() => done(null))
      else real.fdatasync(fd, done as never)
    }
    return {...real, fdatasync: fdatasync as typeof real.fdatasync}
  }

  /** All that was asked for is done, and what comes is done at once. */
  letGo(): void {
    this.isHeld = false
    for (const answer of this.asked.splice(0)) answer()
  }
}
