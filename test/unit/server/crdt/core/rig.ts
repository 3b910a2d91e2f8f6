import {expect} from 'vitest'
import type {CrdtCore, SlotWriter, VisibleKey} from '../../../../../src/lib/server/crdt/core/api.js'
import {CrdtState} from '../../../../../src/lib/server/crdt/core/state.js'

export const SLOT = 7
/** 2026-01-01 */
export const START_MS = 1_767_225_600_000

/** A region: its state, its time, and the effects that it made. */
export class Region {
  readonly core: CrdtCore
  readonly made: string[] = []
  nowMs = START_MS

  constructor(readonly id: number) {
    this.core = new CrdtState({nowMs: () => this.nowMs, region: id})
  }

  /** One unit. @returns its effect, if anything was changed */
  write(change: (writer: SlotWriter) => void): string | undefined {
    const writer = this.core.write(SLOT)
    change(writer)
    const effect = writer.end()
    if (effect !== undefined) this.made.push(effect)
    return effect
  }

  look(key = 'k'): VisibleKey | undefined {
    return this.core.look(SLOT, key)
  }

  text(key = 'k'): string | undefined {
    return this.look(key)?.text()
  }

  elements(key = 'k'): string[] {
    return [...(this.look(key)?.elements() ?? [])].sort()
  }
}

export function regions(count: number): Region[] {
  return Array.from({length: count}, (_, i) => new Region(i + 1))
}

/** Hands each all effects of all, until nobody lacks any. */
export function exchange(...all: readonly Region[]): void {
  for (let isMoving = true; isMoving; ) {
    isMoving = false
    for (const to of all) {
      for (const from of all) {
        for (const effect of from.made) if (to.core.apply(effect) === 'applied') isMoving = true
      }
    }
  }
  expectEqual(...all)
}

/** Joins each one's state into each other one. */
export function joinAll(...all: readonly Region[]): void {
  for (const to of [...all, ...all]) {
    for (const from of all) if (from !== to) to.core.joinSlot(SLOT, from.core.packSlot(SLOT))
  }
  expectEqual(...all)
}

/** All that can be seen of a slot. */
export function visible({core}: Region): unknown {
  return Object.fromEntries(
    [...core.keys(SLOT)].sort().map((key) => {
      const found = core.look(SLOT, key)!
      const {deadlineMs, type} = found
      const text = type === 'string' ? found.text() : undefined
      const elements = [...found.elements()].map((name) => [name, found.field(name) ?? found.score(name)])
      if (type !== 'list') elements.sort()
      return [key, {deadlineMs, elements, text, type}]
    }),
  )
}

export function expectEqual(...all: readonly Region[]): void {
  const [first] = all
  for (const other of all) {
    expect(visible(other)).toEqual(visible(first!))
    expect(other.core.digestSlot(SLOT)).toBe(first!.core.digestSlot(SLOT))
  }
}
