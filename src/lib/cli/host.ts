import type {ExitCode} from '../kernel/errors.js'
import type {Style} from './render/style.js'

/** What a command lends to a part that several share; each is what `BaseCommand` says of it. */
export interface Host {
  /** Whether questions can be asked and spinners shown. */
  readonly interactive: boolean
  readonly signal: AbortSignal
  readonly style: Style
  readonly print: (text: string) => void
  readonly progress: (text: string) => void
  readonly showPlan: (text: string) => void
  readonly exitWith: (code: ExitCode) => void
}
