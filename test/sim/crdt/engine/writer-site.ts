import type {CrdtCore, CrdtType, SlotWriter, VisibleKey} from '../../../../src/lib/server/crdt/core/api.js'
import type {Change, Event} from './history.js'
import type {Names} from './names.js'

/** Changes that can make a key. */
const MAKES: ReadonlySet<Change['kind']> = new Set(['write', 'group', 'sketch'])

/** Where a client's unit is executed: what it sees, what it writes, and the note of it for the oracle. */
export class WriterSite {
  readonly events: Event[] = []
  readonly writer: SlotWriter
  private operation = 0
  private isFresh = false

  constructor(
    private readonly core: CrdtCore,
    private readonly slot: number,
    private readonly names: Names,
    private readonly keys: ReadonlySet<string>,
  ) {
    this.writer = core.write(slot)
  }

  get region(): number {
    return this.core.region
  }

  look(key: string): VisibleKey | undefined {
    return this.core.look(this.slot, key)
  }

  /** All that were ever written. */
  allKeys(): Set<string> {
    return new Set([...this.keys, ...this.events.map(({key}) => key)].filter((key) => key !== ''))
  }

  /** A moment of its own: what is noted next has seen all before. */
  begin(key: string): void {
    this.operation++
    this.isFresh = this.look(key) === undefined
  }

  note(key: string, change: Change): void {
    // To remove or publish makes nothing visible: nothing is reset for it.
    const isFresh = this.isFresh && MAKES.has(change.kind)
    const {clock} = (this.writer as unknown as {readonly operation: {readonly clock: number}}).operation
    this.events.push({change, clock, isFresh, key, operation: this.operation})
  }

  /** May a write of this type make or change the key? Else the command would be answered WRONGTYPE. */
  allows(key: string, type: CrdtType): boolean {
    const there = this.look(key)
    return there === undefined || there.type === type
  }

  /** The key if it is of this type. */
  has(key: string, type: CrdtType): VisibleKey | undefined {
    const there = this.look(key)
    return there?.type === type ? there : undefined
  }

  /** Elements of a list by the values they were made with. */
  elementsOf(key: string): string[] {
    return [...(this.look(key)?.elements() ?? [])].map((value) => this.names.elementOf(value))
  }

  newValue(): string {
    return this.names.next()
  }

  rename(value: string, element: string): void {
    this.names.rename(value, element)
  }
}
