import type {LinkRule} from '../../model/links.js'
import {type Shape, UNSHAPED} from './shaped-flow.js'

/** What is to be done to what flows from one node to another. */
export interface LinkShape extends Shape {
  /** Its connections are torn down. */
  readonly reset: boolean
}

export const OPEN_LINK: LinkShape = {...UNSHAPED, reset: false}

const TIMER_MS_MAX = 2 ** 31 - 1

/** The rules in force, by link. Those that are over go by themselves. */
export class LinkTable {
  private rules: readonly LinkRule[] = []
  private shapes = new Map<string, LinkShape>()
  private timer: NodeJS.Timeout | undefined

  /** @param onChange - called after every change */
  constructor(private readonly onChange: () => void) {}

  /** Those and no others. */
  set(rules: readonly LinkRule[]): void {
    clearTimeout(this.timer)
    const nowMs = Date.now()
    this.rules = rules.filter(({untilMs = Number.POSITIVE_INFINITY}) => untilMs > nowMs)
    this.shapes = new Map()
    for (const {effect, from, to} of this.rules) {
      const link = keyOf(from, to)
      this.shapes.set(link, withEffect(this.shapes.get(link) ?? OPEN_LINK, effect))
    }
    const endMs = Math.min(...this.rules.map(({untilMs = Number.POSITIVE_INFINITY}) => untilMs))
    if (endMs < Number.POSITIVE_INFINITY) {
      this.timer = setTimeout(() => this.set(this.rules), Math.min(Math.ceil(endMs - nowMs), TIMER_MS_MAX))
    }
    this.onChange()
  }

  list(): readonly LinkRule[] {
    return this.rules
  }

  /** @param from - undefined: no node */
  shapeOf(from: string | undefined, to: string | undefined): LinkShape {
    return from === undefined || to === undefined ? OPEN_LINK : (this.shapes.get(keyOf(from, to)) ?? OPEN_LINK)
  }

  close(): void {
    clearTimeout(this.timer)
  }
}

function keyOf(from: string, to: string): string {
  return `${from}>${to}`
}

function withEffect(shape: LinkShape, effect: LinkRule['effect']): LinkShape {
  switch (effect.kind) {
    case 'drop':
      return {...shape, dropped: true}
    case 'reset':
      return {...shape, reset: true}
    case 'delay':
      return {...shape, delayMs: effect.ms, jitterMs: effect.jitterMs}
    case 'loss':
      return {...shape, lossProbability: effect.probability}
  }
}
