import {mergeInto, sketchOf} from '../../commands/hyperloglog/sketch.js'
import {ReplyError} from '../../reply-error.js'
import {REGISTER_COUNT} from '../../values/hyperloglog/element-hash.js'

/** Is the text what PFADD makes, to the last register? */
export function isSketch(text: string): boolean {
  try {
    mergeInto(new Uint8Array(REGISTER_COUNT), sketchOf(text))
    return true
  } catch (error) {
    if (error instanceof ReplyError) return false
    throw error
  }
}
