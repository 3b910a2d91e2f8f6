import {connect} from 'node:net'
import {hashSlot} from '../src/lib/protocol/hash-slot.js'

/** The keys of the reshard benchmark: the same number in each of the slots that move. */

export const VALUE_LENGTH = 100

/** A hash tag for each of the slots, in their order. */
function tagsOf(slots: readonly number[]): string[] {
  const missing = new Set(slots)
  const tags = new Map<number, string>()
  for (let i = 0; missing.size > 0; i++) {
    const tag = i.toString(36)
    const slot = hashSlot(tag)
    if (missing.delete(slot)) tags.set(slot, tag)
  }
  return slots.map((slot) => tags.get(slot)!)
}

/** `keyCount` keys spread evenly over the slots. */
export function keyNames(slots: readonly number[], keyCount: number): string[] {
  const tags = tagsOf(slots)
  return Array.from({length: keyCount}, (_, i) => `{${tags[i % tags.length]}}:${i}`)
}

/** A value that tells which write it is from, padded with what LZF cannot shorten. */
export function valueOfWrite(keyIndex: number, sequence: number): string {
  let text = `${sequence}:`
  let state = (keyIndex * 2654435761 + sequence * 40503) >>> 0
  while (text.length < VALUE_LENGTH) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    text += state.toString(36)
  }
  return text.slice(0, VALUE_LENGTH)
}

/** The write a value is from; NaN for anything else. */
export function sequenceOf(value: string): number {
  return Number.parseInt(value, 10)
}

/** SETs everything over one connection, pipelined. @throws Error on an error reply or a broken connection */
export function load(port: number, pairs: Iterable<readonly [key: string, value: string]>): Promise<void> {
  return send(
    port,
    (function* () {
      for (const [key, value] of pairs) yield ['SET', key, value]
    })(),
  )
}

/**
 * Sends commands over one connection, pipelined.
 *
 * @param commands - each answered by one line without `-`, such as a status or a number that is not negative
 * @throws Error on an error reply or a broken connection
 */
export function send(port: number, commands: Iterable<readonly string[]>): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    const iterator = commands[Symbol.iterator]()
    let sent = 0
    let answered = 0
    let isDone = false
    const pump = (): void => {
      let text = ''
      // A bounded number in flight: the server would otherwise buffer every reply.
      while (!isDone && sent - answered < 10_000) {
        const next = iterator.next()
        if (next.done) isDone = true
        else {
          text += `*${next.value.length}\r\n`
          for (const word of next.value) text += `$${word.length}\r\n${word}\r\n`
          sent++
        }
      }
      if (text !== '') socket.write(text)
      if (isDone && answered === sent) {
        socket.destroy()
        resolve()
      }
    }
    socket.on('connect', pump)
    socket.on('error', reject)
    socket.on('close', () => reject(new Error(`port ${port} closed the connection while loading`)))
    socket.on('data', (chunk) => {
      if (chunk.includes('-')) reject(new Error(`loading: ${chunk.toString('latin1').slice(0, 200)}`))
      for (const byte of chunk) if (byte === 10) answered++
      pump()
    })
  })
}
