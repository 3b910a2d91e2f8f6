import type {Engine, EngineKind} from './engine.js'

/** The engines of this machine, whether they can be used or not. */
export interface Engines {
  of(kind: EngineKind): Engine
  readonly all: readonly Engine[]
}

export function enginesOf(engines: readonly (Engine & {readonly kind: EngineKind})[]): Engines {
  return {
    all: engines,
    of: (kind) => engines.find((engine) => engine.kind === kind) as Engine,
  }
}
