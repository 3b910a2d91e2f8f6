/** Longer argument lists and arguments are cut, as Redis does, so that the log stays small. */
const ARGUMENTS_MAX = 32
const ARGUMENT_BYTES_MAX = 128

export interface SlowEntry {
  readonly id: number
  /** Unix seconds. */
  readonly at: number
  readonly durationUs: number
  readonly argv: readonly string[]
  readonly address: string
  readonly name: string
}

function shortened(argv: readonly string[]): string[] {
  const shown = argv.length > ARGUMENTS_MAX ? argv.slice(0, ARGUMENTS_MAX - 1) : [...argv]
  const cut = shown.map((argument) => {
    const more = argument.length - ARGUMENT_BYTES_MAX
    return more > 0 ? `${argument.slice(0, ARGUMENT_BYTES_MAX)}... (${more} more bytes)` : argument
  })
  if (argv.length > ARGUMENTS_MAX) cut.push(`... (${argv.length - ARGUMENTS_MAX + 1} more arguments)`)
  return cut
}

/** The newest commands that took too long; newest first. */
export class SlowLog {
  private entries: SlowEntry[] = []
  private nextId = 0

  /** @param max - slowlog-max-len: entries kept */
  record(entry: Omit<SlowEntry, 'id'>, max: number): void {
    this.entries.unshift({...entry, argv: shortened(entry.argv), id: this.nextId++})
    if (this.entries.length > max) this.entries.length = max
  }

  /** @param count - -1 = all */
  newest(count: number): readonly SlowEntry[] {
    return count === -1 ? this.entries : this.entries.slice(0, count)
  }

  get length(): number {
    return this.entries.length
  }

  clear(): void {
    this.entries = []
  }
}
