/** Lets so many bytes be under way at a time. One that is bigger than the limit goes alone. First come, first served. */
export class ByteGate {
  private taken = 0
  private readonly waiting: {readonly bytes: number; readonly enter: () => void}[] = []

  constructor(private readonly limitBytes: number) {}

  /** Resolves once there is room. Whoever takes must give back. */
  take(bytes: number): Promise<void> {
    return new Promise((enter) => {
      this.waiting.push({bytes, enter})
      this.admit()
    })
  }

  give(bytes: number): void {
    this.taken -= bytes
    this.admit()
  }

  private admit(): void {
    for (let next = this.waiting[0]; next; next = this.waiting[0]) {
      if (this.taken > 0 && this.taken + next.bytes > this.limitBytes) return
      this.waiting.shift()
      this.taken += next.bytes
      next.enter()
    }
  }
}
