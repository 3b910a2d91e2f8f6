import type {ActorTable} from './actors.js'
import type {CrdtType, VisibleKey} from './api.js'
import type {SubValue} from './container.js'

/** What is visible of a key: the value that is, and its deadline. */
export class VisibleValue implements VisibleKey {
  readonly type: CrdtType

  /** @param value - not empty */
  constructor(
    private readonly value: SubValue,
    readonly deadlineMs: number | undefined,
    private readonly actors: ActorTable,
  ) {
    this.type = value.type
  }

  get size(): number {
    return this.value.size
  }

  text(): string {
    return this.value.text(this.actors)
  }

  elements(): Iterable<string> {
    return this.value.elements()
  }

  has(member: string): boolean {
    return this.value.has(member)
  }

  field(name: string): string | undefined {
    return this.value.field(name, this.actors)
  }

  isCounter(field: string): boolean {
    return this.value.isCounter(field, this.actors)
  }

  score(member: string): number | undefined {
    return this.value.score(member, this.actors)
  }

  entry(id: string): readonly string[] | undefined {
    return this.value.entry(id)
  }

  entryIds(): Iterable<string> {
    return this.value.entryIds()
  }

  groups(): Iterable<{readonly name: string; readonly lastId: string}> {
    return this.value.groups()
  }
}
