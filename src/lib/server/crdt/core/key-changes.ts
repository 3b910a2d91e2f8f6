import type {CrdtType, Edit} from './api.js'
import type {EditSink} from './container.js'

type Names = {readonly kind: 'elements' | 'groups'; readonly names: Set<string>}
type Ids = {readonly kind: 'entries'; readonly ids: Set<string>}
type Recorded = Exclude<Edit, {kind: 'elements' | 'groups' | 'entries'}> | Names | Ids

/** What becomes of one key while an effect or a state is taken in. */
export class KeyChanges implements EditSink {
  /** Whose changes come now: only those of the type that is visible count in the end. */
  type: CrdtType = 'string'
  private readonly edits: Recorded[] = []
  /** Beside each edit, which type's it is. */
  private readonly types: CrdtType[] = []
  /** Types of which all may be another. */
  private whole: CrdtType[] | undefined = undefined

  /** @param typeBefore - undefined: it was not visible */
  constructor(
    private readonly typeBefore: CrdtType | undefined,
    private readonly deadlineBefore: number | undefined,
  ) {}

  /** @returns the edits that lead from what was visible to what is; none if that is the same */
  end(type: CrdtType | undefined, deadline: number | undefined): Edit[] {
    if (type !== this.typeBefore) return [{kind: 'key'}]
    if (type === undefined) return []
    if (this.whole?.includes(type)) return [{kind: 'key'}]
    const edits: Edit[] = this.edits.filter((_, i) => this.types[i] === type)
    if (deadline !== this.deadlineBefore) edits.push({kind: 'deadline'})
    return edits
  }

  all(): void {
    if (this.whole === undefined) this.whole = [this.type]
    else if (!this.whole.includes(this.type)) this.whole.push(this.type)
  }

  element(name: string): void {
    this.named('elements', name)
  }

  group(name: string): void {
    this.named('groups', name)
  }

  entry(id: string): void {
    const last = this.last()
    if (last?.kind === 'entries') last.ids.add(id)
    else this.add({ids: new Set([id]), kind: 'entries'})
  }

  insert(index: number, values: readonly string[]): void {
    this.add({index, kind: 'insert', values})
  }

  replace(index: number, value: string): void {
    this.add({index, kind: 'replace', value})
  }

  remove(index: number, count: number): void {
    this.add({count, index, kind: 'remove'})
  }

  private named(kind: 'elements' | 'groups', name: string): void {
    const last = this.last()
    if (last?.kind === kind) last.names.add(name)
    else this.add({kind, names: new Set([name])})
  }

  private last(): Recorded | undefined {
    const {edits, types} = this
    return types[types.length - 1] === this.type ? edits[edits.length - 1] : undefined
  }

  private add(edit: Recorded): void {
    this.edits.push(edit)
    this.types.push(this.type)
  }
}
