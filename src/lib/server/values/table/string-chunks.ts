const SHIFT = 10
const CHUNK = 1 << SHIFT
const MASK = CHUNK - 1
const NONE: string[][] = []
/** An array that grows by `push` makes room for 16 more at once: so many come one by one, for most sets have few members. */
const EXACT_MAX = 8

/**
 * A list of strings that never copies more than a few KiB to grow: one array of a million would stop the node while it
 * does, and keeps up to half of its room unused.
 */
export class StringChunks {
  length = 0
  /** Of all strings together. */
  textBytes = 0
  /** Small lists have no other array. */
  private first: string[] = []
  private rest: string[][] = NONE

  at(index: number): string {
    return index < CHUNK ? this.first[index]! : this.rest[(index >>> SHIFT) - 1]![index & MASK]!
  }

  set(index: number, text: string): void {
    this.textBytes += text.length - this.at(index).length
    if (index < CHUNK) this.first[index] = text
    else this.rest[(index >>> SHIFT) - 1]![index & MASK] = text
  }

  push(text: string): void {
    const index = this.length++
    this.textBytes += text.length
    if (index < CHUNK) {
      if (index < EXACT_MAX) this.first = this.first.concat(text)
      else this.first.push(text)
      return
    }
    if ((index & MASK) !== 0) {
      this.rest[(index >>> SHIFT) - 1]!.push(text)
      return
    }
    if (this.rest === NONE) this.rest = [[text]]
    else this.rest.push([text])
  }

  pop(): void {
    const index = this.length - 1
    this.textBytes -= this.at(index).length
    this.length = index
    if (index < CHUNK) {
      this.first.pop()
      return
    }
    this.rest[(index >>> SHIFT) - 1]!.pop()
    if ((index & MASK) === 0) this.rest.pop()
  }

  /** Takes one out; the last comes into its place. */
  removeAt(index: number): void {
    const last = this.length - 1
    if (index !== last) this.set(index, this.at(last))
    this.pop()
  }

  copy(): StringChunks {
    const copy = new StringChunks()
    copy.first = this.first.slice()
    if (this.rest.length > 0) copy.rest = this.rest.map((chunk) => chunk.slice())
    copy.length = this.length
    copy.textBytes = this.textBytes
    return copy
  }
}
