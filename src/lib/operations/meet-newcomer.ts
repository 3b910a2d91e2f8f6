import type {Command} from '../client/node-connection.js'
import {CliError} from '../kernel/errors.js'
import {renderAddress} from '../model/address.js'
import {ownRecord} from '../model/cluster-map.js'
import type {NodeRecord, NodeView} from '../model/cluster-view.js'
import {type JoinOptions, joinNodes, viewsOf} from './create-join.js'
import type {ProbedNode} from './preflight.js'
import {settle} from './settle.js'

/** Bound on all forgetting a newcomer again; what is refused to be forgotten ends with the node timeout. Milliseconds. */
const TAKE_BACK_MS = 10_000

/**
 * Introduces a newcomer to the members of a cluster.
 *
 * Whether they reach each other's bus ports can only be told by themselves, and CLUSTER MEET is the only way to ask them:
 * there is none that leaves no trace. So if it leads nowhere, the traces are removed: the members forget whom they try to
 * greet, and the newcomer whom it knows. What was done before, for it to join, is `undo`ne as well.
 *
 * @param undo - resolves to whether it succeeded
 * @throws {CliError} PREFLIGHT_FAILED if the newcomer and no member found each other, and nothing is left of it;
 *   PLAN_PARTIAL if some did, or something is left; INTERRUPTED
 */
export async function meetMembers(
  newcomer: ProbedNode,
  members: readonly ProbedNode[],
  options: JoinOptions,
  undo: () => Promise<boolean>,
): Promise<void> {
  try {
    await joinNodes([newcomer, ...members], options)
  } catch (error) {
    if (!(error instanceof CliError) || error.code !== 'PLAN_PARTIAL') throw error
    if (!(await takenBack(newcomer, members, options, undo))) throw error
    throw new CliError(
      'PREFLIGHT_FAILED',
      `${error.message}; all have forgotten the newcomer again, nothing was changed`,
      {
        cause: error,
        details: error.details,
        suggestions: [wayForward(newcomer)],
      },
    )
  }
}

function wayForward({address, view}: ProbedNode): string {
  const busPort = ownRecord(view)?.busPort
  return `Let the members reach bus port ${busPort} of ${renderAddress(address)}, and let it reach theirs.`
}

async function takenBack(
  newcomer: ProbedNode,
  members: readonly ProbedNode[],
  {signal}: JoinOptions,
  undo: () => Promise<boolean>,
): Promise<boolean> {
  let haveMet = false
  const look = async () => {
    const [own, ...others] = (await viewsOf([newcomer, ...members])) as [NodeView, ...NodeView[]]
    haveMet ||= others.some((member) => knows(own, member.id) && knows(member, own.id))
    if (!haveMet) await removeTraces(newcomer, members, own, others)
    return {own, others}
  }
  const judge = ({others, own}: {own: NodeView; others: readonly NodeView[]}) =>
    haveMet ? [] : [...others.flatMap((member) => tracesIn(member, newcomer)), ...strangersIn(own)].map(({id}) => id)
  try {
    const {problems} = await settle(look, judge, {timeoutMs: TAKE_BACK_MS, signal})
    return !haveMet && problems.length === 0 && (await undo())
  } catch (error) {
    if (error instanceof CliError && error.code !== 'INTERRUPTED') return false
    throw error
  }
}

/** Refusals are seen by what is there the next time. */
async function removeTraces(
  newcomer: ProbedNode,
  members: readonly ProbedNode[],
  own: NodeView,
  others: readonly NodeView[],
): Promise<void> {
  // It was found empty, so it loses nothing but those it met.
  if (strangersIn(own).length > 0) await newcomer.connection.pipeline([['CLUSTER', 'RESET', 'SOFT']])
  await Promise.all(
    members.map(({connection}, index) => {
      const traces = tracesIn(others[index] as NodeView, newcomer)
      return connection.pipeline(traces.map(({id}): Command => ['CLUSTER', 'FORGET', id]))
    }),
  )
}

function knows({records}: NodeView, id: string): boolean {
  return records.some((record) => record.id === id && !record.handshake)
}

function strangersIn({records}: NodeView): NodeRecord[] {
  return records.filter(({myself}) => !myself)
}

/** What a member holds of a newcomer: under its own id, or under one that is made up until it has answered. */
function tracesIn({records}: NodeView, {address, host, view}: ProbedNode): NodeRecord[] {
  const hosts = [host, address.host, ownRecord(view)?.address.host]
  return records.filter(
    (record) =>
      record.id === view.id ||
      (record.handshake && record.address.port === address.port && hosts.includes(record.address.host)),
  )
}
