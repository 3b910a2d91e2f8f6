import type {LinkReading} from '../../engine/links.js'
import {CliError} from '../../kernel/errors.js'
import type {Link} from '../../model/links.js'
import {type LinkState, linkKey, linkStates} from '../../plan/faults/rules.js'
import {type FaultRecord, rulesOfFaults} from './record.js'
import type {Scene} from './scene.js'

/** A link as it is meant, and how it was found. */
export interface ProbedLink extends LinkState {
  /** Whether bytes came through; unknown if one of its nodes is stopped or paused, or nobody tried. */
  readonly passes?: boolean
  /** How long they took. */
  readonly delayMs?: number
  /** It was found otherwise than it is meant. */
  readonly wrong?: true
}

/** What the link must be found to do; `any`: no single try could tell. */
type Expectation = 'any' | 'closed' | 'late' | 'open'

/** Bytes between nodes of one machine take less than a millisecond; the rest is for a busy machine. */
const WITHIN_MS = 280
/** Links slower than that are not waited for: that nothing comes is enough. */
const WITHIN_MS_MAX = 1500
/** What was not found as meant is tried again, with more patience each time: a busy machine is no fault. */
const PATIENCE = [1, 3, 6] as const
/** Timers may be early by some milliseconds. */
const LATE_SHARE = 0.8

/** Tries links of awake nodes all at once. @returns all of `states`, in their order, and those not found as meant */
async function probeStates(
  {awake, engine, layout}: Scene,
  states: readonly LinkState[],
  signal: AbortSignal,
): Promise<{readonly links: ProbedLink[]; readonly wrong: ProbedLink[]}> {
  const stateOf = new Map(states.map((state) => [linkKey(state), state]))
  const backOf = ({from, to}: Link) => stateOf.get(linkKey({from: to, to: from}))
  const readings = new Map<string, LinkReading>()
  const isWrong = (state: LinkState) => {
    const reading = readings.get(linkKey(state))
    return reading !== undefined && !isAsMeant(state, reading, expectationOf(state, backOf(state)))
  }
  let open = states.filter(({from, to}) => awake.has(from) && awake.has(to))
  for (const patience of PATIENCE) {
    const byBound = new Map<number, Link[]>()
    for (const state of open) {
      const withinMs = Math.min(WITHIN_MS_MAX, patience * WITHIN_MS + roundTrips(state, backOf(state)))
      byBound.set(withinMs, [...(byBound.get(withinMs) ?? []), linkOf(state)])
    }
    const rounds = [...byBound].map(([withinMs, links]) => engine.links.probe(layout, links, withinMs, signal))
    for (const reading of (await Promise.all(rounds)).flat()) readings.set(linkKey(reading), reading)
    open = open.filter(isWrong)
    if (open.length === 0) break
  }
  const wrong = new Set(open)
  const links = states.map((state): ProbedLink => {
    const {delayMs, passes} = readings.get(linkKey(state)) ?? {}
    return {
      ...state,
      ...(passes !== undefined && {passes}),
      ...(delayMs !== undefined && {delayMs}),
      ...(wrong.has(state) && {wrong: true}),
    }
  })
  return {links, wrong: links.filter((link) => link.wrong)}
}

const linkOf = ({from, to}: Link): Link => ({from, to})

/** The longest that delays may keep a connection being opened and the first bytes of it. */
function roundTrips(state: LinkState, back: LinkState | undefined): number {
  const longest = ({delay}: LinkState) => (delay ? delay.ms + delay.jitterMs : 0)
  return 2 * (longest(state) + (back ? longest(back) : 0))
}

function expectationOf(state: LinkState, back: LinkState | undefined): Expectation {
  if (state.blocked) return 'closed'
  // Where packets are lost, those that confirm the others are lost too: a connection is then closed or slow both ways.
  if (state.loss !== undefined || back?.blocked || back?.loss !== undefined) return 'any'
  if (state.delay) return 'late'
  return roundTrips(state, back) > WITHIN_MS_MAX - WITHIN_MS ? 'any' : 'open'
}

function isAsMeant(state: LinkState, {delayMs = 0, passes}: LinkReading, expected: Expectation): boolean {
  switch (expected) {
    case 'any':
      return true
    case 'closed':
      return !passes
    case 'open':
      return passes
    case 'late': {
      const {jitterMs = 0, ms = 0} = state.delay ?? {}
      const isTooLong = 2 * (ms + jitterMs) > WITHIN_MS_MAX - WITHIN_MS
      return passes ? delayMs >= LATE_SHARE * (ms - jitterMs) : isTooLong
    }
  }
}

/** Tries every link of the environment against what the faults want of it. */
export function probeFaults(
  scene: Scene,
  faults: readonly FaultRecord[],
  signal: AbortSignal,
): Promise<{readonly links: ProbedLink[]; readonly wrong: ProbedLink[]}> {
  return probeStates(scene, linkStates(scene.names, rulesOfFaults(faults)), signal)
}

/** A recorded fault that is not in force on some links: a node was started again, or the proxies went. */
export interface FaultDrift {
  readonly id: string
  readonly links: readonly Link[]
}

/** @returns faults of which some link is not as it should be; links of nodes that are stopped or paused are not tried */
export async function driftOf(
  scene: Scene,
  faults: readonly FaultRecord[],
  signal: AbortSignal,
): Promise<FaultDrift[]> {
  const states = linkStates(scene.names, rulesOfFaults(faults))
  const {wrong} = await probeStates(
    scene,
    states.filter(({blocked, delay}) => blocked !== undefined || delay !== undefined),
    signal,
  )
  const lost = new Set(wrong.map(linkKey))
  return faults
    .map(({id, rules}) => ({id, links: rules.filter((rule) => lost.has(linkKey(rule))).map(linkOf)}))
    .filter(({links}) => links.length > 0)
}

/** @returns FAULT_INEFFECTIVE, in words */
export function ineffective(what: string, wrong: readonly ProbedLink[], suggestions: readonly string[]): CliError {
  const [first, ...others] = wrong.map(faultOf)
  const more =
    others.length === 0
      ? ''
      : `, and ${others.length} more ${others.length === 1 ? 'link is' : 'links are'} not as meant`
  return new CliError('FAULT_INEFFECTIVE', `${what}, but ${first}${more}`, {details: {links: wrong}, suggestions})
}

function faultOf({blocked, delayMs = 0, from, passes, to}: ProbedLink): string {
  const link = `what ${from} sends to ${to}`
  if (!passes) return `${link} does not arrive`
  return blocked ? `${link} arrives` : `${link} arrives after ${Math.round(delayMs)} ms`
}
