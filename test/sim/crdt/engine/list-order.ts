import type {Place, Unit} from './history.js'
import type {Names} from './names.js'

/**
 * Order of lists: where a writer put an element there it stays, the elements of one push stay together, and of any two
 * elements the same comes first everywhere and at all times.
 */
export class ListOrder {
  private readonly places = new Map<string, Place>()
  /** `first second`, as once shown. */
  private readonly shown = new Set<string>()

  constructor(private readonly names: Names) {}

  wrote(unit: Unit): void {
    for (const {change} of unit.events) {
      if (change.kind === 'write' && change.place) this.places.set(change.cell.element, change.place)
    }
  }

  /** @param values - as shown, head first */
  complaint(values: readonly string[]): string | undefined {
    const elements = values.map((value) => this.names.elementOf(value))
    const rank = new Map(elements.map((element, index) => [element, index]))
    for (const [index, element] of elements.entries()) {
      for (const later of elements.slice(index + 1)) {
        if (this.shown.has(`${later} ${element}`)) return `${element} before ${later}: elsewhere it was the other way`
        this.shown.add(`${element} ${later}`)
      }
      const place = this.places.get(element)
      const isMisplaced = (others: readonly string[], sign: number): string | undefined =>
        others.find((other) => ((rank.get(other) ?? index) - index) * sign < 0)
      const wrong = isMisplaced(place?.before ?? [], -1) ?? isMisplaced(place?.after ?? [], 1)
      if (wrong) return `${element} is on the wrong side of ${wrong}: ${elements.join(' ')}`
    }
    return this.torn(elements)
  }

  /** Between two elements of a push there is nothing but what was inserted there. */
  private torn(elements: readonly string[]): string | undefined {
    for (const [index, element] of elements.entries()) {
      const run = this.places.get(element)?.run
      if (run === undefined) continue
      const last = elements.findLastIndex((other) => this.places.get(other)?.run === run)
      for (const between of elements.slice(index + 1, last)) {
        const other = this.places.get(between)?.run
        if (other !== undefined && other !== run)
          return `${between} stands within a push of others: ${elements.join(' ')}`
      }
    }
    return undefined
  }
}
