import type {Rng} from '../../../src/lib/kernel/rng.js'
import {decodeMessage} from '../../../src/lib/protocol/bus/decode.js'
import {encodeMessage} from '../../../src/lib/protocol/bus/encode.js'
import {FrameDecoder, STRANGER_FRAME_BYTES_MAX} from '../../../src/lib/protocol/bus/framing.js'
import {AT, fixedFrameBytes, GOSSIP_BYTES, HEADER_BYTES, TYPE_NAMES} from '../../../src/lib/protocol/bus/layout.js'
import type {BusMessage} from '../../../src/lib/protocol/bus/message.js'
import {NodesConfError, parseNodesConf} from '../../../src/lib/server/cluster/nodes-conf.js'
import {bytesOf, GOLDEN} from '../../unit/protocol/bus/golden.js'
import {START_MS, TestNode} from '../../unit/server/cluster/support.js'
import {chunksOf, extremeByte, extremeDecimal, extremeNumber, mutated, mutateOnce, randomBytes} from '../mutate.js'
import {attempt, type FuzzTarget, must, mustEqual, type OpenTarget} from '../target.js'

/** The cluster bus: bytes to frames, frames to messages, messages into a node's tables; and nodes.conf. */

const FRAMES = Object.values(GOLDEN).map((text) => bytesOf(text).toString('latin1'))
const ID = '0123456789abcdefghij0123456789abcdefghij'

function put(text: string, at: number, bytes: string): string {
  return text.slice(0, at) + bytes + text.slice(at + bytes.length)
}

function big(value: number, width: number): string {
  let text = ''
  for (let i = width - 1; i >= 0; i--) text += String.fromCharCode(Math.floor(value / 256 ** i) & 0xff)
  return text
}

/** A frame whose length is right as a rule, of any type, with changes where it matters. */
function frame(rng: Rng): string {
  let text = rng.pick(FRAMES)
  if (rng.chance(0.4)) {
    const type = rng.below(TYPE_NAMES.length)
    const length = fixedFrameBytes(TYPE_NAMES[type]!) ?? HEADER_BYTES + rng.below(300)
    const tail = rng.chance(0.5) ? ID.repeat(60) : randomBytes(rng, 2200)
    text = put((text.slice(0, HEADER_BYTES) + tail).slice(0, length), AT.type, big(type, 2))
  }
  const fields = Object.values(AT).slice(3)
  for (let changes = rng.below(4); changes > 0; changes--) {
    const at = rng.chance(0.7) ? rng.pick(fields) : HEADER_BYTES + rng.below(Math.max(1, text.length - HEADER_BYTES))
    text = put(text, at, rng.chance(0.5) ? extremeNumber(rng) : extremeByte(rng)).slice(0, text.length)
  }
  if (rng.chance(0.2))
    text = put(text, AT.count, big(Math.max(0, Math.floor((text.length - HEADER_BYTES) / GOSSIP_BYTES)), 2))
  if (rng.chance(0.1)) text = text.slice(0, HEADER_BYTES) + mutateOnce(rng, text.slice(HEADER_BYTES))
  return rng.chance(0.95) ? put(text, AT.totalBytes, big(text.length, 4)) : text
}

function stream(rng: Rng): string {
  const text = Array.from({length: 1 + rng.below(3)}, () => frame(rng)).join('')
  return rng.chance(0.1) ? mutated(rng, text) : text
}

interface Framed {
  readonly frames: string[]
  readonly isBus: boolean
  readonly skipped: number
}

function framesOf(chunks: readonly Buffer[]): Framed {
  const decoder = new FrameDecoder()
  const frames: string[] = []
  let isBus = true
  for (const chunk of chunks) {
    isBus = decoder.push(chunk, (one) => frames.push(one.toString('latin1')))
    must(decoder.heldBytes <= STRANGER_FRAME_BYTES_MAX, `${decoder.heldBytes} bytes held`)
  }
  return {frames, isBus, skipped: decoder.skippedFrames}
}

class Bus implements OpenTarget {
  private readonly node = new TestNode(7000)
  private nowMs = START_MS
  readonly make = stream

  constructor() {
    this.node.core.start()
    this.node.core.addSlots([0, 1, 2])
    const ips = {localIp: '10.0.0.9', peerIp: '10.0.0.1'}
    this.node.core.step({kind: 'link-accepted', link: -1, ...ips}, this.nowMs)
  }

  run(input: string, rng: Rng): boolean {
    const bytes = Buffer.from(input, 'latin1')
    const whole = framesOf([bytes])
    mustEqual(framesOf(chunksOf(rng, bytes)), whole, 'cut, the frames')
    let isTaken = false
    for (const text of whole.frames) {
      const message = decodeMessage(Buffer.from(text, 'latin1'))
      if (message === undefined) continue
      isTaken = true
      this.take(message)
    }
    return isTaken
  }

  private take(message: BusMessage): void {
    const encoded = Buffer.from(encodeMessage(message))
    mustEqual(decodeMessage(encoded), message, 'encoded again')
    const {core} = this.node
    core.step({kind: 'packet', link: -1, message}, this.nowMs)
    if ((this.nowMs & 7) === 0) core.step({kind: 'tick'}, this.nowMs)
    this.nowMs++
    const conf = parseNodesConf(core.renderNodesConf())
    must(conf.currentEpoch === core.currentEpoch, 'nodes.conf has another current epoch')
    this.node.effects.length = 0
  }
}

export const busTarget: FuzzTarget = {name: 'cluster-bus', open: () => new Bus(), share: 4}

const CONF = [
  `${'a'.repeat(40)} 127.0.0.1:7000@17000,host,shard-id=x myself,master - 0 0 3 connected 0-99 200 [5->-${'b'.repeat(40)}] [6-<-${'b'.repeat(40)}]`,
  `${'b'.repeat(40)} 10.0.0.1:7001@17001 master,fail? - 1 2 4 connected 300-301`,
  `${'c'.repeat(40)} :0@0 slave,noaddr ${'a'.repeat(40)} 0 0 3 disconnected`,
  'vars currentEpoch 7 lastVoteEpoch 6 other 5',
]

function nodesConf(rng: Rng): string {
  const lines = CONF.filter(() => rng.chance(0.9)).map((line) => {
    const words = line.split(' ')
    if (rng.chance(0.15)) words[rng.below(words.length)] = rng.chance(0.5) ? extremeDecimal(rng) : rng.pick(words)
    return rng.chance(0.1) ? mutateOnce(rng, words.join(' ')) : words.join(' ')
  })
  return `${lines.join('\n')}${rng.pick(['\n', '', '\r\n'])}`
}

export const nodesConfTarget: FuzzTarget = {
  name: 'nodes-conf',
  share: 3,
  open: () => ({
    make: nodesConf,
    run(input) {
      const conf = attempt(() => parseNodesConf(input), NodesConfError)
      if (conf === undefined) return false
      const node = new TestNode(7000, {}, input)
      node.core.start()
      const text = node.core.renderNodesConf()
      const again = parseNodesConf(text)
      // Nodes that only others' lines name are added, and those of a handshake left out.
      must(again.currentEpoch === conf.currentEpoch, 'written again it has another epoch')
      const other = new TestNode(7000, {}, text)
      other.core.start()
      mustEqual(other.core.renderNodesConf(), text, 'written again and again')
      return true
    },
  }),
}
