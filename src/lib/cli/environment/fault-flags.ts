import {randomInt} from 'node:crypto'
import {Flags} from '@oclif/core'
import type {FaultRequest} from '../../environment/faults/make.js'
import {badFlag, durationFlag} from '../flags.js'
import {environmentNameFlag} from './flags.js'

/** A seed is a 32-bit integer that people can type again. */
const SEED_MAX = 2 ** 31 - 1

/** Of every command that makes a fault. */
export const faultFlags = {
  name: environmentNameFlag(),
  for: durationFlag({summary: 'Heals by itself after that, as 30s or 2m; also if no shoal runs then.'}),
  seed: Flags.integer({
    helpValue: 'N',
    max: SEED_MAX,
    min: 0,
    summary: 'Seed of what is left to chance. Presets then take nodes by chance too, not in their order.',
  }),
  keep: Flags.boolean({
    summary: 'Keep a fault that is not in force on every link; it is undone otherwise. The exit code is 6 in any case.',
  }),
  'dry-run': Flags.boolean({summary: 'Print what would be cut or slow, and touch nothing.'}),
}

interface FaultFlagValues {
  readonly name: string
  readonly for?: number | undefined
  readonly seed?: number | undefined
  readonly keep: boolean
}

/** The part of a request that these flags say. */
export function faultRequest({for: forMs, keep, name, seed}: FaultFlagValues): Omit<FaultRequest, 'add' | 'wish'> {
  return {
    keep,
    name,
    seed: seed ?? randomInt(SEED_MAX),
    shuffled: seed !== undefined,
    ...(forMs !== undefined && {forMs}),
  }
}

/** A share, as `30%` or `0.3`. @returns above 0, below 1 */
export const shareFlag = Flags.custom<number>({
  helpValue: 'SHARE',
  parse: async (text, _context, {name}) => {
    const [, number, percent] = /^(\d+(?:\.\d+)?)(%?)$/.exec(text.trim()) ?? []
    const share = Number(number) / (percent === '%' ? 100 : 1)
    if (share > 0 && share < 1) return share
    throw badFlag(`--${name} ${text} is not a share between 0% and 100%, such as 30%`, [
      'To cut links, use: shoal partition',
    ])
  },
})
