import {parseLongDouble} from '../long-double.js'
import {ReplyError} from '../reply-error.js'

const INT64_LIMIT = 2 ** 63

/**
 * Until when a blocking command waits.
 *
 * @param text - seconds, with a fraction
 * @returns unix milliseconds; 0 = for ever
 * @throws ReplyError
 */
export function blockingDeadline(text: string, nowMs: number): number {
  const seconds = parseLongDouble(text)
  if (seconds === undefined) throw new ReplyError('ERR timeout is not a float or out of range')
  const ms =
    typeof seconds === 'string' ? INT64_LIMIT : Math.ceil(Number(seconds.mantissa) * 2 ** seconds.exponent * 1000)
  // What does not fit in 64 bits is told so too.
  if (ms < 0 || ms >= INT64_LIMIT) throw new ReplyError('ERR timeout is negative')
  return ms === 0 ? 0 : nowMs + ms
}
