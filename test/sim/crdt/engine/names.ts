/** Values that are used once in a run, so that each says which element of a list it stands for. */
export class Names {
  private count = 0
  private readonly elements = new Map<string, string>()

  next(): string {
    this.count++
    return `v${this.count}`
  }

  /** LSET: the element has another value. */
  rename(value: string, element: string): void {
    this.elements.set(value, element)
  }

  elementOf(value: string): string {
    return this.elements.get(value) ?? value
  }
}
