import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {FRAME_BYTES_MAX, FrameDecoder, STRANGER_FRAME_BYTES_MAX} from '../../../../src/lib/protocol/bus/framing.js'
import {AT} from '../../../../src/lib/protocol/bus/layout.js'
import {bytesOf, GOLDEN} from './golden.js'

const PING = bytesOf(GOLDEN.ping)
const PUBLISH = bytesOf(GOLDEN.publish)
const text = (frame: Buffer) => frame.toString('base64')

function collect(decoder: FrameDecoder, ...chunks: Buffer[]): {frames: string[]; ok: boolean} {
  const frames: string[] = []
  let ok = true
  for (const chunk of chunks) ok = decoder.push(chunk, (frame) => frames.push(text(frame)))
  return {frames, ok}
}

/** The head of a frame that claims `bytes`. */
function head(type: number, bytes: number, version = 1): Buffer {
  const frame = Buffer.alloc(16)
  frame.write('RCmb')
  frame.writeUInt32BE(bytes, AT.totalBytes)
  frame.writeUInt16BE(version, AT.version)
  frame.writeUInt16BE(type, AT.type)
  return frame
}

describe('framing (wire.md 1.1)', () => {
  it('takes several frames of one segment', () => {
    const {frames, ok} = collect(new FrameDecoder(), Buffer.concat([PING, PUBLISH, PING]))
    expect(ok).toBe(true)
    expect(frames).toEqual([text(PING), text(PUBLISH), text(PING)])
  })

  it('gives the same frames however the stream is cut', () => {
    const stream = Buffer.concat([PING, PUBLISH, head(77, 2300), Buffer.alloc(2284, 7), PING])
    fc.assert(
      fc.property(fc.array(fc.integer({min: 1, max: 3000}), {minLength: 1, maxLength: 40}), (sizes) => {
        const chunks: Buffer[] = []
        for (let at = 0, turn = 0; at < stream.length; turn++) {
          const size = sizes[turn % sizes.length] as number
          chunks.push(stream.subarray(at, at + size))
          at += size
        }
        const decoder = new FrameDecoder()
        expect(collect(decoder, ...chunks)).toEqual({frames: [text(PING), text(PUBLISH), text(PING)], ok: true})
        expect(decoder.skippedFrames).toBe(1)
      }),
      {numRuns: 200},
    )
  })

  it('takes a stream byte by byte', () => {
    const chunks = [...Buffer.concat([PING, PING])].map((byte) => Buffer.from([byte]))
    expect(collect(new FrameDecoder(), ...chunks).frames).toEqual([text(PING), text(PING)])
  })

  const dropped: [string, Buffer][] = [
    ['another signature', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n')],
    ['a length below the header', head(0, 2255)],
    ['a length of 0', head(0, 0)],
  ]
  for (const [name, bytes] of dropped) {
    it(`drops the socket: ${name}`, () => {
      const decoder = new FrameDecoder()
      expect(collect(decoder, bytes).ok).toBe(false)
      expect(collect(decoder, PING)).toEqual({frames: [], ok: false})
    })
  }

  const skipped: [string, number, number, number?][] = [
    ['another version', 0, 2256, 2],
    ['an unknown type', 11, 5000],
    ['a FAIL of the wrong length', 3, 2297],
    ['an UPDATE of the wrong length', 7, 4353],
    ['a PING with more after its gossip than extensions may take', 0, 2256 + 70_000],
    ['a PUBLISH longer than a stranger may send', 4, STRANGER_FRAME_BYTES_MAX + 1],
  ]
  for (const [name, type, bytes, version] of skipped) {
    it(`skips and goes on: ${name}`, () => {
      const decoder = new FrameDecoder()
      const frame = Buffer.concat([head(type, bytes, version), Buffer.alloc(bytes - 16, 1)])
      const half = Math.floor(frame.length / 2)
      const {frames, ok} = collect(decoder, frame.subarray(0, half), Buffer.concat([frame.subarray(half), PING]))
      expect({frames, ok}).toEqual({frames: [text(PING)], ok: true})
      expect(decoder.heldBytes).toBeLessThan(100)
    })
  }

  it('takes a longer PUBLISH from a peer it knows', () => {
    const decoder = new FrameDecoder()
    decoder.frameBytesMax = FRAME_BYTES_MAX
    const frame = Buffer.concat([head(4, 1_000_000), Buffer.alloc(1_000_000 - 16)])
    expect(collect(decoder, frame.subarray(0, 5), frame.subarray(5)).frames).toEqual([text(frame)])
  })

  it('reserves memory only as bytes arrive', () => {
    const decoder = new FrameDecoder()
    decoder.frameBytesMax = FRAME_BYTES_MAX
    collect(decoder, head(4, FRAME_BYTES_MAX), Buffer.alloc(1000))
    expect(decoder.heldBytes).toBeLessThan(5000)
  })

  it('never throws, never hangs and holds little, whatever comes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.uint8Array({maxLength: 300}), fc.constant(new Uint8Array(PING))), {maxLength: 10}),
        fc.array(fc.tuple(fc.nat(20_000), fc.nat(255)), {maxLength: 5}),
        (parts, damage) => {
          const stream = Buffer.concat(parts)
          for (const [at, value] of damage) if (stream.length > 0) stream[at % stream.length] = value
          const decoder = new FrameDecoder()
          collect(decoder, stream)
          expect(decoder.heldBytes).toBeLessThanOrEqual(Math.max(16, stream.length * 2))
        },
      ),
      {numRuns: 300},
    )
  })
})
