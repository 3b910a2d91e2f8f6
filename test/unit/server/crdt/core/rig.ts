import {expect} from 'vitest'
import type {CrdtCore, CrdtObserver, Edit, SlotWriter, VisibleKey} from '../../../../../src/lib/server/crdt/core/api.js'
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

export interface Seen {
  type: string
  deadlineMs: number | undefined
  text: string | undefined
  elements: Map<string, string | number | undefined>
}

/** All that can be seen of a key. */
export function seen({core}: Region, key: string): Seen | undefined {
  const found = core.look(SLOT, key)
  if (found === undefined) return undefined
  const {deadlineMs, type} = found
  const text = type === 'string' ? found.text() : undefined
  const elements = new Map([...found.elements()].sort().map((name) => [name, found.field(name) ?? found.score(name)]))
  return {deadlineMs, elements, text, type}
}

/** All that can be seen of a slot. */
export function visible(region: Region): Record<string, Seen> {
  return Object.fromEntries([...region.core.keys(SLOT)].sort().map((key) => [key, seen(region, key)!]))
}

/** What a projection shows that hears of edits and of its own writes, and looks up no more than they say. */
export class Mirror implements CrdtObserver {
  readonly keys = new Map<string, Seen>()

  constructor(private readonly region: Region) {
    region.core.observer = this
  }

  /** The keys that own writes may have changed. */
  wrote(keys: Iterable<string>): void {
    for (const key of keys) this.look(key)
  }

  changed(_slot: number, key: string, edits: readonly Edit[]): void {
    for (const edit of edits) {
      if (edit.kind === 'key') this.look(key)
      else if (edit.kind === 'deadline') this.keys.get(key)!.deadlineMs = this.region.look(key)!.deadlineMs
      else if (edit.kind === 'elements') for (const name of edit.names) this.element(key, name)
    }
  }

  assigned(_slot: number, key: string): void {
    this.look(key)
  }

  published(): void {}

  private look(key: string): void {
    const found = seen(this.region, key)
    if (found) this.keys.set(key, found)
    else this.keys.delete(key)
  }

  private element(key: string, name: string): void {
    const {elements} = this.keys.get(key)!
    const found = this.region.look(key)!
    if (found.has(name)) elements.set(name, found.field(name) ?? found.score(name))
    else elements.delete(name)
  }
}

export function expectEqual(...all: readonly Region[]): void {
  const [first] = all
  for (const other of all) {
    expect(visible(other)).toEqual(visible(first!))
    expect(other.core.digestSlot(SLOT)).toBe(first!.core.digestSlot(SLOT))
  }
}
