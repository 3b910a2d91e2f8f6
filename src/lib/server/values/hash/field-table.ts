import {MemberTable} from '../table/member-table.js'
import {StringChunks} from '../table/string-chunks.js'

/** The fields of a big hash, and at the place of each its value. */
export class FieldTable {
  private fields = new MemberTable()
  private values = new StringChunks()

  get size(): number {
    return this.fields.size
  }

  get textBytes(): number {
    return this.fields.textBytes + this.values.textBytes
  }

  /** See `MemberTable.reserve`. */
  reserve(count: number): void {
    this.fields.reserve(count)
  }

  fieldAt(place: number): string {
    return this.fields.at(place)
  }

  valueAt(place: number): string {
    return this.values.at(place)
  }

  has(field: string): boolean {
    return this.fields.find(field) >= 0
  }

  get(field: string): string | undefined {
    const place = this.fields.find(field)
    return place < 0 ? undefined : this.values.at(place)
  }

  /** Both are kept: flat strings of their own. @returns whether the field is new */
  set(field: string, value: string): boolean {
    const place = this.fields.add(field)
    if (place < 0) this.values.push(value)
    else this.values.set(place, value)
    return place < 0
  }

  /** @returns whether it was there */
  delete(field: string): boolean {
    const place = this.fields.remove(field)
    if (place >= 0) this.values.removeAt(place)
    return place >= 0
  }

  copy(): FieldTable {
    const copy = new FieldTable()
    copy.fields = this.fields.copy()
    copy.values = this.values.copy()
    return copy
  }
}
