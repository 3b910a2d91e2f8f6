import {CliError} from '../../kernel/errors.js'
import type {ObservedCluster} from '../../operations/observe.js'
import {parseSlotSelection, parseSources, type ReshardRequest} from '../../plan/moves/reshard.js'

/** What of a request the command line gives. */
export interface RequestFlags {
  readonly from?: string | undefined
  readonly to?: string | undefined
  readonly slots?: string | undefined
}

/** A request in the making; what is absent is asked for. */
export type PartialRequest = {readonly [K in keyof ReshardRequest]?: ReshardRequest[K] | undefined}

/**
 * Turns flags into a request; on a terminal the wizard asks for what is missing.
 *
 * @throws {CliError} BAD_FLAG; NEEDS_TERMINAL, naming the missing flags; INTERRUPTED by Ctrl-C at a question
 */
export async function completeRequest(
  cluster: ObservedCluster,
  flags: RequestFlags,
  {interactive, signal}: {readonly interactive: boolean; readonly signal: AbortSignal},
): Promise<ReshardRequest> {
  const slots = flags.slots === undefined ? undefined : parseSlotSelection(flags.slots)
  // Named slots name their owners too, so nobody needs to be asked for the sources.
  const implied = slots && 'ranges' in slots ? 'all' : undefined
  const from = flags.from === undefined ? implied : parseSources(flags.from)
  const {to} = flags
  if (from !== undefined && to !== undefined && slots !== undefined) return {from, to, slots}
  if (!interactive) throw missingFlags({from, slots, to})
  const {askReshard} = await import('./ask-reshard.js')
  return askReshard(cluster.view, {from, slots, to}, signal)
}

function missingFlags({from, slots, to}: PartialRequest): CliError {
  const missing = [
    ...(from === undefined ? ['--from'] : []),
    ...(to === undefined ? ['--to'] : []),
    ...(slots === undefined ? ['--slots'] : []),
  ]
  return new CliError('NEEDS_TERMINAL', `${missing.join(', ')} missing, and there is no terminal to ask on`, {
    details: {missing},
    suggestions: ['shoal reshard SEED --from IDS|all --to ID --slots N|RANGES --yes'],
  })
}
