import {CliError} from '../kernel/errors.js'
import type {NodeId} from '../model/node-id.js'

/** Name of a library -> its code. */
export type Libraries = ReadonlyMap<string, string>

export interface FunctionPlan {
  /** Libraries of the source, by name. */
  readonly libraries: readonly string[]
  /** What each primary still lacks; those that lack nothing are left out. */
  readonly loads: readonly {
    readonly id: NodeId
    readonly libraries: readonly {readonly name: string; readonly code: string}[]
  }[]
}

/** What a primary holds. */
export interface PresentFunctions {
  readonly id: NodeId
  readonly name: string
  readonly present: Libraries
}

/** Where libraries come from, in words. */
export interface FunctionOrigin {
  /** `the source` */
  readonly name: string
  /** What to do where libraries differ. */
  readonly wayOut: string
}

const SOURCE: FunctionOrigin = {
  name: 'the source',
  wayOut: '--replace lets the source win; without --functions keys alone are imported.',
}

/**
 * Which libraries go to which primary. One that is there with the same code is left alone.
 *
 * @throws {CliError} PREFLIGHT_FAILED if a library differs and `replace` is false
 */
export function planFunctions(
  wanted: Libraries,
  nodes: readonly PresentFunctions[],
  replace: boolean,
  origin = SOURCE,
): FunctionPlan {
  const differing = nodes.flatMap(({name, present}) =>
    [...wanted].flatMap(([library, code]) =>
      present.has(library) && present.get(library) !== code ? [`${library} on ${name}`] : [],
    ),
  )
  if (differing.length > 0 && !replace) {
    throw new CliError(
      'PREFLIGHT_FAILED',
      `libraries of functions differ from those of ${origin.name}: ${differing.join(', ')}`,
      {
        details: {libraries: differing},
        suggestions: [origin.wayOut],
      },
    )
  }
  const loads = nodes.map(({id, present}) => ({
    id,
    libraries: [...wanted].flatMap(([name, code]) => (present.get(name) === code ? [] : [{name, code}])),
  }))
  return {libraries: [...wanted.keys()], loads: loads.filter(({libraries}) => libraries.length > 0)}
}
