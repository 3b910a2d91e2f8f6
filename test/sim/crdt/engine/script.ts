import type {Copy} from './copy.js'
import type {EngineWorld} from './world.js'

/**
 * The verbs of scripts. Regions are numbers; `1>2` goes from the first to the second.
 *
 *   1: incr k 5; del k   a unit of a client at 1
 *   1>2 next             the first effect of 1's ring that 2 lacks
 *   1>2 skip 2           the third: most often too early
 *   1>2 again 4          one that 2 has
 *   1>2 all              all that it lacks, in order
 *   1>2 join             the state of the slot; `join-saved`: an older one, as a replica of 1 holds it
 *   save 1               1's replica takes over what 1 has now
 *   promote 1            the replica goes on, under the next epoch
 *   restart 1            from what was saved right before
 *   trim 1 2             1's ring keeps the last two effects
 *   skew 1 -5000         1's clock goes wrong, milliseconds
 *   advance 7            everybody's time goes on
 *   collect all          garbage, of what all have
 *   laws, check, settle
 */
export function runLine(world: EngineWorld, line: string): void {
  const [first = '', ...args] = line.split(' ')
  if (first.endsWith(':')) {
    world.write(world.copy(first.slice(0, -1)), line.slice(first.length + 1).split('; '))
    return
  }
  if (first.includes('>')) {
    const [from, to] = first.split('>') as [string, string]
    exchange(world, world.copy(from), world.copy(to), args)
    return
  }
  const [region = '', amount = '0'] = args
  switch (first) {
    case 'save':
      world.copy(region).save()
      return
    case 'promote':
      world.copy(region).promote()
      return
    case 'restart':
      world.copy(region).restart()
      return
    case 'trim': {
      const copy = world.copy(region)
      copy.log = copy.log.slice(Math.max(0, copy.log.length - Number(amount)))
      return
    }
    case 'skew':
      world.copy(region).skewMs = Number(amount)
      return
    case 'advance':
      world.advance(Number(region))
      return
    case 'collect':
      world.collect(region === 'all' ? world.copies : [world.copy(region)])
      return
    case 'laws':
      world.laws()
      return
    case 'check':
      world.check()
      return
    case 'settle':
      world.settle()
      return
    default:
      throw new Error(`no such line: ${line}`)
  }
}

function exchange(world: EngineWorld, from: Copy, to: Copy, [verb, amount = '0']: readonly string[]): void {
  const lacking = to.lacks(from)
  switch (verb) {
    case 'next':
    case 'skip': {
      const unit = lacking[Math.min(Number(amount), lacking.length - 1)]
      if (unit) to.take(unit)
      return
    }
    case 'again': {
      const known = from.log.filter((unit) => to.units.has(unit))
      const unit = known[Number(amount) % Math.max(1, known.length)]
      if (unit) to.take(unit)
      return
    }
    case 'all':
      for (const unit of lacking) if (!to.units.has(unit)) to.take(unit)
      return
    case 'join':
      world.join(from, to)
      return
    case 'join-saved':
      if (from.saved) to.join(from.saved)
      return
    default:
      throw new Error(`no such exchange: ${verb}`)
  }
}

/** Regions that a line names. */
export function regionsIn(line: string): number[] {
  const [first = '', second = ''] = line.split(' ')
  if (first.endsWith(':') || first.includes('>'))
    return first
      .split(/[:>]/)
      .filter((text) => text !== '')
      .map(Number)
  return ['save', 'promote', 'restart', 'trim', 'skew', 'collect'].includes(first) && second !== 'all'
    ? [Number(second)]
    : []
}
