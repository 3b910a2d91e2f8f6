import type {Decoder} from '../decoder.js'
import type {Encoder} from '../encoder.js'
import type {Marks} from './marks.js'

export function packMarks(marks: Marks, out: Encoder): void {
  out.varint(marks.size)
  for (const dot of marks) out.dot(dot)
}

/** @throws CrdtError */
export function unpackMarks(marks: Marks, decoder: Decoder): void {
  for (let left = decoder.count(); left > 0; left--) marks.add(decoder.dot())
}
