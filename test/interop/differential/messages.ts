import {expect} from 'vitest'
import {type Rng, seededRng} from '../../../src/lib/kernel/rng.js'
import type {RawConnection} from '../../support/raw-resp.js'
import type {BothServers} from './harness.js'
import {heard} from './listener.js'

/** Several clients of each server, who take turns: what each is answered and sent unasked must be the same. */

/** `{0}` in a command stands for the id of client 0. */
export type MakeStep = (rng: Rng) => readonly string[]

interface Actor {
  readonly connection: RawConnection
  readonly id: string
}

interface Play {
  readonly makeStep: MakeStep
  readonly actors: number
  readonly steps: number
  readonly seed: number
  /** What one command sets off comes in any order, which is a matter of Redis's hash tables. */
  readonly anyOrder: 'to all' | 'to others'
  /** Sent by every client first. */
  readonly opening?: readonly (readonly string[])[]
}

const HISTORY = 60

export async function playAlike({both}: BothServers, play: Play): Promise<void> {
  const rng = seededRng(play.seed)
  const casts: Actor[][] = [[], []]
  for (let i = 0; i < play.actors; i++) {
    for (const [server, connection] of (await both()).entries()) {
      const id = (await connection.call('CLIENT', 'ID')).slice(1, -2)
      for (const command of play.opening ?? []) await connection.call(...command)
      casts[server]!.push({connection, id})
    }
  }
  const history: string[] = []
  for (let step = 0; step < play.steps; step++) {
    const actor = rng.below(play.actors)
    const command = play.makeStep(rng)
    history.push(`${actor}: ${command.join(' ')}`)
    const [theirs, ours] = await Promise.all(casts.map((cast) => perform(cast, actor, command, play.anyOrder)))
    expect(ours, `after\n${history.slice(-HISTORY).join('\n')}\n`).toEqual(theirs)
  }
  for (const {connection} of casts.flat()) connection.close()
}

/** What each client was sent: the one that acts first, so that what it set off has left. */
async function perform(
  cast: readonly Actor[],
  actor: number,
  command: readonly string[],
  anyOrder: Play['anyOrder'],
): Promise<string[][]> {
  const {connection} = cast[actor]!
  const argv = command.map((word) => word.replace(/^\{(\d)\}$/, (_, index) => cast[Number(index)]!.id))
  const first = await connection.call(...argv)
  const sent: string[][] = cast.map(() => [])
  sent[actor] = [first, ...(await heard(connection))]
  for (const [index, other] of cast.entries()) {
    if (index !== actor) sent[index] = await heard(other.connection)
  }
  const shown = sent.map((frames) => frames.map((frame) => withoutIds(frame, command, cast)))
  return shown.map((frames, index) => (index === actor && anyOrder === 'to others' ? frames : frames.sort()))
}

function withoutIds(frame: string, command: readonly string[], cast: readonly Actor[]): string {
  if (command[0] === 'HELLO' && frame.includes('redis')) return `${frame[0]}<greeting>`
  const shows = frame.includes('tracking-redir-broken') || /^(?:TRACKINGINFO|GETREDIR)$/.test(command[1] ?? '')
  if (!shows) return isForAll(command) ? frame.replace(/\r\n\$\d+\r\n[^\r]*\r\n:/, '<name>') : frame
  return cast.reduce((text, {id}, index) => text.replaceAll(`:${id}\r\n`, `:{${index}}\r\n`), frame)
}

/** UNSUBSCRIBE and the like without names: in no defined order. */
function isForAll(command: readonly string[]): boolean {
  return command.length === 1 && /UNSUBSCRIBE$/.test(command[0]!)
}
