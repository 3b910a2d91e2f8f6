import type {CrdtCore, Edit} from '../../../../src/lib/server/crdt/core/api.js'
import {renderKey, type ShownKey, shownCell, shownKey} from './shown-key.js'
import {Violation} from './violation.js'

/**
 * Follows a copy by what the observer is told, as the projection of a node does, and must show the same as the engine.
 * Local operations are not told: after those it looks for itself.
 */
export class Mirror {
  private keys = new Map<string, ShownKey>()

  constructor(
    private readonly core: CrdtCore,
    private readonly slot: number,
  ) {}

  /** After a local unit, or a new beginning. */
  refresh(): void {
    this.keys.clear()
    for (const key of this.core.keys(this.slot)) this.lookAt(key)
  }

  changed(key: string, edits: readonly Edit[]): void {
    for (const edit of edits) this.take(key, edit)
  }

  requireEqual(after: string): void {
    const shown = new Map<string, ShownKey>()
    for (const key of this.core.keys(this.slot)) {
      const visible = this.core.look(this.slot, key)
      if (!visible) throw new Violation('keys-are-visible', `${key} is listed and cannot be looked at`)
      shown.set(key, shownKey(visible))
    }
    for (const key of new Set([...shown.keys(), ...this.keys.keys()])) {
      const told = renderKey(this.keys.get(key))
      const real = renderKey(shown.get(key))
      if (told !== real) throw new Violation('edits-tell-all', `after ${after}: ${key} is ${real}, told was ${told}`)
    }
  }

  private lookAt(key: string): void {
    const visible = this.core.look(this.slot, key)
    if (visible) this.keys.set(key, shownKey(visible))
    else this.keys.delete(key)
  }

  private take(key: string, edit: Edit): void {
    const held = this.keys.get(key)
    if (edit.kind === 'key' || held === undefined) {
      this.lookAt(key)
      return
    }
    const visible = this.core.look(this.slot, key)
    switch (edit.kind) {
      case 'deadline':
        this.keys.set(key, {...held, deadlineMs: visible?.deadlineMs})
        return
      case 'insert':
        held.values.splice(edit.index, 0, ...edit.values)
        return
      case 'replace':
        held.values[edit.index] = edit.value
        return
      case 'remove':
        held.values.splice(edit.index, edit.count)
        return
      case 'elements':
      case 'entries':
        for (const element of edit.kind === 'elements' ? edit.names : edit.ids) {
          const text = visible && shownCell(visible, element)
          if (text === undefined) held.cells.delete(element)
          else held.cells.set(element, text)
        }
        return
      case 'groups': {
        const there = new Map([...(visible?.groups() ?? [])].map(({lastId, name}) => [name, lastId]))
        for (const name of edit.names) {
          const lastId = there.get(name)
          if (lastId === undefined) held.groups.delete(name)
          else held.groups.set(name, lastId)
        }
      }
    }
  }
}
