import type {ReplyWriter} from '../../../reply.js'

/** DEBUG PROTOCOL: a sample of each kind of reply, for testing clients. */
const SAMPLES: Readonly<Record<string, (reply: ReplyWriter) => void>> = {
  string: (reply) => reply.bulk('Hello World'),
  integer: (reply) => reply.integer(12345),
  double: (reply) => reply.double('3.141'),
  null: (reply) => reply.nil(),
  array(reply) {
    reply.array(3)
    for (let i = 0; i < 3; i++) reply.integer(i)
  },
  set(reply) {
    reply.set(3)
    for (let i = 0; i < 3; i++) reply.integer(i)
  },
  map(reply) {
    reply.map(3)
    for (let i = 0; i < 3; i++) {
      reply.integer(i)
      reply.boolean(i === 1)
    }
  },
  attrib(reply) {
    // Attributes exist in RESP3 alone; a RESP2 client sees the reply without them.
    if (reply.resp === 3) {
      reply.raw('|1\r\n')
      reply.bulk('key-popularity')
      reply.array(2)
      reply.bulk('key:123')
      reply.integer(90)
    }
    reply.bulk('Some real reply following the attribute')
  },
  push(reply) {
    reply.push(2)
    reply.bulk('server-cpu-usage')
    reply.integer(42)
    reply.bulk('Some real reply following the push reply')
  },
  true: (reply) => reply.boolean(true),
  false: (reply) => reply.boolean(false),
  verbatim: (reply) => reply.verbatim('This is a verbatim\nstring', 'txt'),
  bignum: (reply) => reply.bigNumber('1234567999999999999999999999999999999'),
}

/** @returns false if there is no sample of that name */
export function writeSample(reply: ReplyWriter, name: string): boolean {
  const write = SAMPLES[name.toLowerCase()]
  write?.(reply)
  return write !== undefined
}
