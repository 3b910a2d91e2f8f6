import type {Election, StallReason} from './failover-state.js'
import {quorum, updateState} from './health.js'
import {broadcastPong, requestVotes} from './messages.js'
import type {ClusterNode} from './node.js'
import {takePrimarysPlace} from './promotion.js'
import type {ClusterState} from './state.js'

/**
 * A replica takes over its failed primary (wire.md 1.10, the candidate's side; voting.ts is the other).
 *
 *   primary FAIL --delay by rank--> request sent --votes of a quorum--> primary
 *        ^                                |
 *        '---- retry period is over ------'
 *
 * Where we differ from Redis 7.0: an attempt belongs to one primary and one role, so votes won once are never counted
 * again after a change of sides; a manual failover begins an attempt of its own; who has no copy of the data never stands.
 */

const DELAY_MS = 500
const DELAY_RANDOM_MS = 500
const RANK_DELAY_MS = 1000
const VOTE_WAIT_MS_MIN = 2000
/** Votes are waited for that long; after twice that the next attempt begins. */
const RETRY_WAITS = 2

/** Takes the next step, if any is due. Called by every tick and for every vote; safe to call at any time. */
export function runElection(state: ClusterState): void {
  if (!mayStand(state)) return
  const waitMs = Math.max(2 * state.config.nodeTimeoutMs, VOTE_WAIT_MS_MIN)
  if (!state.election || state.nowMs - state.election.startMs > RETRY_WAITS * waitMs) {
    schedule(state)
    // The PONG that tells siblings our offset is to bring theirs; a manual failover has nobody to wait for.
    if (!mayForce(state)) return
  }
  const election = state.election as Election
  if (election.epoch === 0 && !mayForce(state)) updateRank(state, election)
  if (state.nowMs < election.startMs) stall(state, 'waiting-delay')
  else if (state.nowMs - election.startMs > waitMs) stall(state, 'expired')
  else if (election.epoch === 0) stand(state, election)
  else if (hasQuorum(state, election)) win(state, election)
  else stall(state, 'waiting-votes')
}

/** A vote arrived. @param epoch - the voter's current epoch, which is the one it voted in */
export function countVote(state: ClusterState, voter: ClusterNode, epoch: number): void {
  const {election} = state
  if (!election || election.epoch === 0 || epoch !== election.epoch) return
  if (!voter.isPrimary || voter.slots.count === 0) return
  election.voters.add(voter)
  runElection(state)
}

/**
 * The preconditions, in this order.
 *
 * 1. We are a replica whose primary is known and owns slots. 2. It is FAIL, or this is a manual failover that may start.
 * 3. We hold a copy of its data, and, unless it is manual, a recent one. 4. Unless it is manual: failover is not forbidden.
 */
function mayStand(state: ClusterState): boolean {
  const {config, myself, ports} = state
  const isManual = mayForce(state)
  const {primary} = myself
  const isCalledFor = primary && primary.slots.count > 0 && (isManual || (primary.failed && !config.replicaNoFailover))
  if (myself.isPrimary || !isCalledFor) {
    state.stall = undefined
    return false
  }
  const ageMs = ports.primaryDataAgeMs()
  if (ageMs !== Number.POSITIVE_INFINITY && (isManual || isRecent(state, ageMs))) return true
  stall(state, 'data-age')
  return false
}

/**
 * A manual failover that has nothing left to wait for. Until then a primary that fails is a case for an election like any
 * other (in Redis without a delay, whoever is ahead); after its time the primary may write again, and late votes are void.
 */
function mayForce({manual, nowMs}: ClusterState): boolean {
  return manual?.canStart === true && nowMs <= manual.endMs
}

/** The link broke when the primary failed, which took a node timeout to be noticed: that time does not count. */
function isRecent({config}: ClusterState, ageMs: number): boolean {
  const {nodeTimeoutMs, replicaValidityFactor, replicationPingPeriodMs} = config
  if (replicaValidityFactor === 0) return true
  return ageMs - nodeTimeoutMs <= replicationPingPeriodMs + nodeTimeoutMs * replicaValidityFactor
}

/** Some delay lets FAIL reach the voters; a random part keeps siblings apart; the rank lets the best copy go first. */
function schedule(state: ClusterState): void {
  const isManual = mayForce(state)
  const rank = isManual ? 0 : rankOf(state)
  const delayMs = isManual ? 0 : DELAY_MS + state.rng.below(DELAY_RANDOM_MS) + rank * RANK_DELAY_MS
  state.election = {epoch: 0, rank, startMs: state.nowMs + delayMs, voters: new Set()}
  const offset = state.ports.replicationOffset()
  state.log('warning', `Start of election delayed for ${delayMs} milliseconds (rank #${rank}, offset ${offset}).`)
  const {primary} = state.myself
  broadcastPong(state, (node) => node.isReplica && node.primary === primary)
}

/** Siblings' offsets still come in. A better rank changes nothing: the start only moves back. */
function updateRank(state: ClusterState, election: Election): void {
  const rank = rankOf(state)
  if (rank <= election.rank) return
  const addedMs = (rank - election.rank) * RANK_DELAY_MS
  election.startMs += addedMs
  election.rank = rank
  state.log('warning', `Replica rank updated to #${rank}, added ${addedMs} milliseconds of delay.`)
}

/** How many siblings that may take over have more of the primary's data than we. */
function rankOf(state: ClusterState): number {
  const {myself, ports} = state
  if (!myself.primary) return 0
  const offset = ports.replicationOffset()
  let rank = 0
  for (const sibling of state.replicasOf(myself.primary)) {
    if (sibling !== myself && !sibling.forbidsFailover && sibling.replOffset > offset) rank++
  }
  return rank
}

/** The epoch is ours from here on, also after a crash: the save comes before the requests of this step. */
function stand(state: ClusterState, election: Election): void {
  state.currentEpoch++
  election.epoch = state.currentEpoch
  state.log('warning', `Starting a failover election for epoch ${election.epoch}.`)
  state.save(true)
  requestVotes(state, mayForce(state))
}

function hasQuorum(state: ClusterState, election: Election): boolean {
  if (state.stateDirty) updateState(state)
  return election.voters.size >= quorum(state.size)
}

function win(state: ClusterState, {epoch}: Election): void {
  const {myself} = state
  state.log('warning', "Failover election won: I'm the new master.")
  if (myself.configEpoch < epoch) {
    myself.configEpoch = epoch
    state.log('warning', `configEpoch set to ${epoch} after successful failover`)
  }
  // As a primary we have a vote, but not in this epoch: it has its winner.
  state.lastVoteEpoch = Math.max(state.lastVoteEpoch, epoch)
  takePrimarysPlace(state)
}

const STALL_TEXTS: Readonly<Record<StallReason, string>> = {
  'data-age':
    'Disconnected from master for longer than allowed. ' +
    "Please check the 'cluster-replica-validity-factor' configuration option.",
  expired: 'Failover attempt expired.',
  'waiting-delay': 'Waiting the delay before I can start a new failover.',
  'waiting-votes': 'Waiting for votes, but majority still not reached.',
}
/** The same reason is logged again after that time. */
const RELOG_MS = 300_000
/** A failover under way is no reason to complain: the primary must have been FAIL for a node timeout and that long. */
const PATIENCE_MS = 5000

function stall(state: ClusterState, reason: StallReason): void {
  const {myself, nowMs, stall: last} = state
  if (last?.reason === reason && nowMs - last.loggedMs < RELOG_MS) return
  const {primary} = myself
  const isYoung = primary?.failed === true && nowMs - primary.failTimeMs < state.config.nodeTimeoutMs + PATIENCE_MS
  if (isYoung) return
  state.stall = {loggedMs: nowMs, reason}
  state.log('warning', `Currently unable to failover: ${STALL_TEXTS[reason]}`)
}
