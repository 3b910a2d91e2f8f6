import {ReplyError} from '../../reply-error.js'

/** The latest deadline that there is, unix milliseconds. */
const DEADLINE_MS_MAX = 2 ** 49
const SECOND_MS = 1000

interface Unit {
  readonly ms: number
  readonly isAbsolute: boolean
}

const SECONDS: Unit = {isAbsolute: false, ms: SECOND_MS}
const MILLISECONDS: Unit = {isAbsolute: false, ms: 1}
const UNIX_SECONDS: Unit = {isAbsolute: true, ms: SECOND_MS}
const UNIX_MILLISECONDS: Unit = {isAbsolute: true, ms: 1}

/** Commands whose third word is a time. */
const TIMED: Readonly<Record<string, Unit>> = {
  expire: SECONDS,
  expireat: UNIX_SECONDS,
  pexpire: MILLISECONDS,
  pexpireat: UNIX_MILLISECONDS,
  psetex: MILLISECONDS,
  setex: SECONDS,
}
/** Options of SET and GETEX. */
const OPTIONS: Readonly<Record<string, Unit>> = {
  EX: SECONDS,
  EXAT: UNIX_SECONDS,
  PX: MILLISECONDS,
  PXAT: UNIX_MILLISECONDS,
}
const OPTIONS_FROM: Readonly<Record<string, number>> = {getex: 2, set: 3}

export const COMMANDS_WITH_DEADLINES = [...Object.keys(TIMED), ...Object.keys(OPTIONS_FROM)]

/** Regions keep deadlines up to 2^49 ms. What is no number Redis itself complains of. @throws ReplyError */
export function requireDeadlineInRange(argv: readonly string[], nowMs: number): void {
  const name = argv[0]!.toLowerCase()
  const from = OPTIONS_FROM[name]
  if (from === undefined) requireInRange(name, argv[2], TIMED[name], nowMs)
  else {
    for (let at = from; at + 1 < argv.length; at++) {
      requireInRange(name, argv[at + 1], OPTIONS[argv[at]!.toUpperCase()], nowMs)
    }
  }
}

function requireInRange(name: string, time: string | undefined, unit: Unit | undefined, nowMs: number): void {
  if (unit === undefined) return
  const atMs = Number(time) * unit.ms + (unit.isAbsolute ? 0 : nowMs)
  if (atMs > DEADLINE_MS_MAX) throw new ReplyError(`ERR invalid expire time in '${name}' command`)
}
