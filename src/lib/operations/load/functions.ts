import type {WireReply} from '../../client/migration/reply-reader.js'
import {connectWire, type Wire} from '../../client/migration/wire.js'
import {NodeReplyError} from '../../client/reply-error.js'
import {CliError} from '../../kernel/errors.js'
import {nameNode, ownRecord, primariesOf} from '../../model/cluster-map.js'
import type {NodeView} from '../../model/cluster-view.js'
import {type FunctionPlan, type Libraries, type PresentFunctions, planFunctions} from '../../plan/import-functions.js'
import type {ObservedCluster} from '../observe.js'
import {type Source, SourceLink} from './source.js'

/**
 * Reads the libraries of functions on both sides. Changes nothing.
 *
 * @throws {CliError} PREFLIGHT_FAILED if a library differs on both sides and `replace` does not say who wins, or a node
 *   has no functions (before Redis 7.0)
 */
export async function prepareFunctions(
  cluster: ObservedCluster,
  source: Source,
  {replace, signal}: {readonly replace: boolean; readonly signal: AbortSignal},
): Promise<FunctionPlan> {
  const link = new SourceLink(source, 0, signal)
  try {
    const [reply] = await link.send([LIST])
    const wanted = librariesIn(`the source ${source.facts.address}`, reply)
    return planFunctions(wanted, await presentFunctions(cluster), replace)
  } finally {
    link.close()
  }
}

/**
 * What each primary holds.
 *
 * @throws {CliError} PREFLIGHT_FAILED if one has no functions (before Redis 7.0)
 */
export function presentFunctions(cluster: ObservedCluster): Promise<PresentFunctions[]> {
  return Promise.all(
    primariesOf(cluster.view).map(({node}) =>
      onWire(cluster, node, async (wire) => {
        const name = nameNode(node)
        return {id: node.id, name, present: librariesIn(name, (await wire.send([LIST]))[0])}
      }),
    ),
  )
}

/**
 * Loads the libraries at every primary that lacks them. Doing it again changes nothing.
 *
 * @throws {CliError} PLAN_PARTIAL
 */
export async function loadFunctions(cluster: ObservedCluster, plan: FunctionPlan): Promise<void> {
  await Promise.all(
    plan.loads.map(async ({id, libraries}) => {
      const node = cluster.view.nodes.find((candidate) => candidate.id === id) as NodeView
      const replies = await onWire(cluster, node, (wire) =>
        wire.send(libraries.map(({code}) => ['FUNCTION', 'LOAD', 'REPLACE', code])),
      )
      const refused = replies.find((reply) => reply instanceof NodeReplyError)
      if (refused instanceof NodeReplyError) {
        throw new CliError('PLAN_PARTIAL', `${nameNode(node)} does not load a library: ${refused.message}`)
      }
    }),
  )
}

const LIST = ['FUNCTION', 'LIST', 'WITHCODE']

async function onWire<T>(cluster: ObservedCluster, node: NodeView, use: (wire: Wire) => Promise<T>): Promise<T> {
  const wire = await connectWire(node.address, cluster.options, ownRecord(node)?.hostname)
  try {
    return await use(wire)
  } finally {
    wire.close()
  }
}

/** Name -> code, in the one-character-per-byte form of the wire. */
function librariesIn(name: string, reply: WireReply | undefined): Libraries {
  if (!Array.isArray(reply)) {
    const text = reply instanceof NodeReplyError ? reply.message : 'an odd answer'
    throw new CliError('PREFLIGHT_FAILED', `${name} does not list its functions: ${text}`, {
      suggestions: ['Functions come with Redis 7.0; leave them out where there are none.'],
    })
  }
  return new Map(
    reply.map((library) => {
      const fields = library as WireReply[]
      const field = (title: string) => String(fields[fields.indexOf(title) + 1])
      return [field('library_name'), field('library_code')] as const
    }),
  )
}
