import type {Rng} from '../../src/lib/kernel/rng.js'

/** One decoder under fire, with the state it needs; made anew after each finding. */
export interface OpenTarget {
  /** An input as a binary (latin1) string: valid, nearly valid or noise. */
  make(rng: Rng): string
  /**
   * Feeds it and checks what comes of it.
   *
   * @param rng - the same for the same input, so that a finding can be repeated
   * @returns whether the decoder took the input: a generator of which nothing is ever taken tests the first check alone
   * @throws whatever shows a fault: any error but the decoder's documented one
   */
  run(input: string, rng: Rng): boolean
}

export interface FuzzTarget {
  readonly name: string
  /** Part of all inputs, relative to that of other targets. */
  readonly share: number
  open(): OpenTarget
}

/** What an input must never do. */
export class Fault extends Error {
  override readonly name = 'Fault'
}

/** @throws Fault */
export function must(holds: boolean, what: string | (() => string)): void {
  if (!holds) throw new Fault(typeof what === 'string' ? what : what())
}

/** The result, or undefined for an error of the kinds that the decoder may throw. */
export function attempt<T>(run: () => T, ...allowed: readonly (new (...args: never[]) => Error)[]): T | undefined {
  try {
    return run()
  } catch (error) {
    if (allowed.some((kind) => error instanceof kind)) return undefined
    throw error
  }
}

/** Equal as JSON tells it, with bytes, maps and numbers that JSON does not know. */
export function mustEqual(found: unknown, wanted: unknown, what: string): void {
  const [a, b] = [show(found), show(wanted)]
  if (a !== b) throw new Fault(`${what}: ${a.slice(0, 300)} is not ${b.slice(0, 300)}`)
}

function show(value: unknown): string {
  const text = JSON.stringify(value, (_key, one: unknown) => {
    if (typeof one === 'bigint') return `${one}n`
    if (typeof one === 'number' && (!Number.isFinite(one) || Object.is(one, -0))) return `number ${one}`
    if (one instanceof Map || one instanceof Set) return [...one]
    if (one instanceof Error) return `${one.name}: ${one.message}`
    if (one instanceof Uint8Array) return Buffer.from(one).toString('hex')
    return one
  })
  return text ?? 'undefined'
}
