import type {EditSink} from '../container.js'

type Insert = {kind: 'insert'; index: number; values: string[]}
type Remove = {kind: 'remove'; index: number; count: number}
type Replace = {kind: 'replace'; index: number; value: string}

/** Beyond so many the list is better looked at as a whole. */
const EDITS_MAX = 128

/** Changes of a list in the order in which they come; neighbours that follow each other become one. */
export class ListEdits {
  private readonly edits: (Insert | Remove | Replace)[] = []
  private isTooMany = false

  insert(index: number, values: readonly string[]): void {
    const last = this.edits[this.edits.length - 1]
    if (last?.kind !== 'insert' || index !== last.index + last.values.length) {
      this.add({index, kind: 'insert', values: [...values]})
    } else for (const value of values) last.values.push(value)
  }

  remove(index: number, count: number): void {
    const last = this.edits[this.edits.length - 1]
    if (last?.kind === 'remove' && index === last.index) last.count += count
    else if (last?.kind === 'remove' && index + count === last.index) {
      last.index = index
      last.count += count
    } else this.add({count, index, kind: 'remove'})
  }

  replace(index: number, value: string): void {
    this.add({index, kind: 'replace', value})
  }

  private add(edit: Insert | Remove | Replace): void {
    if (this.isTooMany) return
    if (this.edits.push(edit) <= EDITS_MAX) return
    this.isTooMany = true
    this.edits.length = 0
  }

  tell(sink: EditSink): void {
    if (this.isTooMany) sink.all()
    for (const edit of this.edits) {
      if (edit.kind === 'insert') sink.insert(edit.index, edit.values)
      else if (edit.kind === 'remove') sink.remove(edit.index, edit.count)
      else sink.replace(edit.index, edit.value)
    }
  }
}
