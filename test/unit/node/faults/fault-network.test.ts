import {EventEmitter} from 'node:events'
import type {Socket} from 'node:net'
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'
import {seededRng} from '../../../../src/lib/kernel/rng.js'
import {FaultNetwork} from '../../../../src/lib/node/faults/fault-network.js'
import type {FaultSocket} from '../../../../src/lib/node/faults/fault-socket.js'
import type {FaultDirection, FaultEffect, FaultRule} from '../../../../src/lib/server/faults/rules.js'

const PEER = {busPort: 17001, host: '127.0.0.1', port: 7001}
const MEBIBYTE = 'x'.repeat(1024 * 1024)

/** The system's socket, as far as faults are made on one. */
class FakeSocket extends EventEmitter {
  connecting = true
  destroyed = false
  writableLength = 0
  writableNeedDrain = false
  written = ''
  wasReset = false
  wasEnded = false
  private paused = false

  write(data: string | Uint8Array): boolean {
    this.written += data.toString()
    return !this.writableNeedDrain
  }

  connect(): void {
    this.connecting = false
    this.emit('connect')
  }

  destroy(): this {
    if (this.destroyed) return this
    this.destroyed = true
    setImmediate(() => this.emit('close'))
    return this
  }

  destroySoon(): void {
    this.wasEnded = true
    this.destroy()
  }

  resetAndDestroy(): this {
    this.wasReset = true
    return this.destroy()
  }

  isPaused = () => this.paused

  pause(): void {
    this.paused = true
  }

  resume(): void {
    this.paused = false
  }

  setNoDelay = () => this
  unref = () => this
  ref = () => this
}

let network: FaultNetwork
let dialled: FakeSocket[]

beforeEach(() => {
  vi.useFakeTimers({toFake: ['Date', 'clearTimeout', 'performance', 'setImmediate', 'setTimeout']})
  dialled = []
  network = new FaultNetwork(seededRng(7), dial)
})

afterEach(() => {
  network.close()
  vi.useRealTimers()
})

function dial(): Socket {
  const socket = new FakeSocket()
  dialled.push(socket)
  return socket as unknown as Socket
}

function rule(direction: FaultDirection, effect: FaultEffect): FaultRule {
  return {direction, effect, peer: PEER}
}

const DROP: FaultEffect = {kind: 'drop'}
const DROP_BOTH = [rule('in', DROP), rule('out', DROP)]
const settle = () => vi.advanceTimersByTime(1)

/** A connection to the peer, and what its owner is told. */
function open(port: number = PEER.busPort) {
  const socket = network.open(dial, {host: PEER.host, port})
  const told: string[] = []
  socket.on('data', (chunk) => told.push(`data ${chunk}`))
  socket.on('error', (error: NodeJS.ErrnoException) => told.push(`error ${error.code}`))
  for (const name of ['close', 'connect', 'drain', 'end'] as const) socket.on(name, () => told.push(name))
  return {inner: dialled.at(-1) as FakeSocket, socket, told}
}

function established() {
  const opened = open()
  opened.inner.connect()
  opened.told.length = 0
  return opened
}

function receive(inner: FakeSocket, text: string): void {
  inner.emit('data', Buffer.from(text))
}

describe('without faults', () => {
  it('everything goes straight through, at once', () => {
    const {inner, socket, told} = open()
    expect(socket.connecting).toBe(true)
    inner.connect()
    expect(socket.connecting).toBe(false)
    expect(socket.write('ping')).toBe(true)
    expect(inner.written).toBe('ping')
    receive(inner, 'pong')
    inner.writableNeedDrain = true
    expect(socket.write('more')).toBe(false)
    inner.writableNeedDrain = false
    inner.emit('drain')
    inner.emit('end')
    inner.emit('error', Object.assign(new Error('gone'), {code: 'EPIPE'}))
    inner.emit('close')
    expect(told).toEqual(['connect', 'data pong', 'drain', 'end', 'error EPIPE', 'close'])
    expect(socket.destroyed).toBe(true)
  })

  it('what is written before it is connected follows', () => {
    const {inner, socket} = open()
    socket.write('early')
    inner.connect()
    expect(inner.written).toBe('early')
  })

  it('its owner closes it', () => {
    const {inner, socket, told} = established()
    socket.destroy()
    expect(inner.destroyed).toBe(true)
    receive(inner, 'late')
    settle()
    expect(told).toEqual(['close'])
  })
})

describe('dropped', () => {
  it('a connection is silent, and goes on where it was once it is healed', () => {
    const {inner, socket, told} = established()
    socket.write('half of ')
    receive(inner, 'one ')
    network.replace(DROP_BOTH)
    socket.write('a message')
    expect(inner.isPaused()).toBe(true)
    // Read by the system before it was paused.
    receive(inner, 'answer')
    inner.emit('end')
    vi.advanceTimersByTime(60_000)
    expect([inner.written, told]).toEqual(['half of ', ['data one ']])

    network.replace([])
    expect([inner.written, told]).toEqual(['half of ', ['data one ']])
    settle()
    expect(inner.written).toBe('half of a message')
    expect(told).toEqual(['data one ', 'data answer', 'end'])
    expect(inner.isPaused()).toBe(false)
  })

  it('a connect hangs, and is made once it is healed, for those who still wait alone', () => {
    network.replace(DROP_BOTH)
    for (let count = 0; count < 20; count++) open().socket.destroy()
    const {socket, told} = open()
    vi.advanceTimersByTime(60_000)
    expect([dialled.length, told, socket.connecting]).toEqual([0, [], true])
    network.replace([])
    expect(dialled).toHaveLength(1)
    dialled[0]?.connect()
    expect(told).toEqual(['connect'])
  })

  it('a connect that is under way hangs too', () => {
    const {inner, told} = open()
    network.replace(DROP_BOTH)
    inner.connect()
    settle()
    expect(told).toEqual([])
    network.replace([])
    settle()
    expect(told).toEqual(['connect'])
  })

  it('what comes back alone leaves the way out open', () => {
    network.replace([rule('in', DROP)])
    const {inner, socket, told} = open()
    inner.connect()
    socket.write('ping')
    expect([inner.written, told, inner.isPaused()]).toEqual(['ping', ['connect'], true])
  })

  it('the peer hears of its end, and of what came before it, once it is healed', () => {
    const {inner, socket, told} = established()
    network.replace(DROP_BOTH)
    socket.write('last words')
    socket.destroy()
    vi.advanceTimersByTime(60_000)
    expect([inner.destroyed, told]).toEqual([false, ['close']])
    network.replace([])
    settle()
    expect([inner.written, inner.wasEnded, told]).toEqual(['last words', true, ['close']])
  })

  it('also if nothing was left to say', () => {
    const {inner, socket} = established()
    network.replace(DROP_BOTH)
    socket.destroy()
    settle()
    expect(inner.destroyed).toBe(false)
    network.replace([])
    settle()
    expect(inner.destroyed).toBe(true)
  })

  it('its owner hears of its end once it is healed', () => {
    const {inner, told} = established()
    network.replace(DROP_BOTH)
    inner.destroy()
    vi.advanceTimersByTime(60_000)
    expect(told).toEqual([])
    network.replace([])
    settle()
    expect(told).toEqual(['close'])
  })

  it('a sender waits when too much is under way', () => {
    const {inner, socket, told} = established()
    network.replace(DROP_BOTH)
    expect(socket.write(MEBIBYTE)).toBe(true)
    expect(socket.write('x')).toBe(false)
    expect(socket.writableLength).toBe(MEBIBYTE.length + 1)
    network.replace([])
    settle()
    expect([inner.written.length, socket.writableLength, told]).toEqual([MEBIBYTE.length + 1, 0, ['drain']])
  })

  it('ends with the node', () => {
    const {inner, socket} = established()
    network.replace(DROP_BOTH)
    socket.destroy()
    network.close()
    expect(inner.destroyed).toBe(true)
  })
})

describe('reset', () => {
  it.each(['in', 'out'] as const)('tears a connection down, to both sides (%s)', (direction) => {
    const {inner, told} = established()
    network.replace([rule(direction, {kind: 'reset'})])
    expect([inner.wasReset, told]).toEqual([true, []])
    settle()
    expect(told).toEqual(['error ECONNRESET', 'close'])
  })

  it('refuses connects, and no longer once it is healed', () => {
    network.replace([rule('out', {kind: 'reset'})])
    const refused = open()
    expect(refused.told).toEqual([])
    settle()
    expect([dialled.length, refused.told]).toEqual([0, ['error ECONNREFUSED', 'close']])
    network.replace([])
    open().inner.connect()
    expect(dialled).toHaveLength(1)
  })
})

describe('delayed', () => {
  const delay = (ms: number): FaultEffect => ({jitterMs: 0, kind: 'delay', ms})

  it('a connect takes both ways, then each way its own time', () => {
    network.replace([rule('out', delay(100)), rule('in', delay(30))])
    const {inner, socket, told} = open()
    inner.connect()
    vi.advanceTimersByTime(129)
    expect(told).toEqual([])
    vi.advanceTimersByTime(1)
    expect(told).toEqual(['connect'])
    socket.write('ping')
    receive(inner, 'pong')
    inner.emit('end')
    vi.advanceTimersByTime(29)
    expect(told).toEqual(['connect'])
    vi.advanceTimersByTime(1)
    expect(told).toEqual(['connect', 'data pong', 'end'])
    vi.advanceTimersByTime(69)
    expect(inner.written).toBe('')
    vi.advanceTimersByTime(1)
    expect(inner.written).toBe('ping')
  })

  it('what was said is carried over though its owner has closed it', () => {
    const {inner, socket} = established()
    network.replace([rule('out', delay(100))])
    socket.write('bye')
    socket.destroy()
    vi.advanceTimersByTime(99)
    expect([inner.written, inner.destroyed]).toEqual(['', false])
    vi.advanceTimersByTime(2)
    expect([inner.written, inner.destroyed]).toEqual(['bye', true])
  })

  it('the system keeps what comes while too much is under way', () => {
    const {inner, told} = established()
    network.replace([rule('in', delay(100))])
    for (let count = 0; count < 5; count++) receive(inner, MEBIBYTE)
    expect(inner.isPaused()).toBe(true)
    vi.advanceTimersByTime(100)
    expect([inner.isPaused(), told.length]).toEqual([false, 5])
  })

  it('loss is a pause; nothing overtakes what is sent again', () => {
    const {inner, socket} = established()
    network.replace([rule('out', {kind: 'loss', probability: 0.5})])
    const sent = Array.from({length: 20}, (_, index) => `${index},`)
    for (const each of sent) socket.write(each)
    settle()
    expect(inner.written.length).toBeLessThan(sent.join('').length)
    vi.advanceTimersByTime(120_000)
    expect(inner.written).toBe(sent.join(''))
  })
})

describe('the table', () => {
  it('concerns the peer that it names alone', () => {
    const other: FaultSocket = network.open(dial, {host: PEER.host, port: 17_002})
    const inner = dialled[0] as FakeSocket
    inner.connect()
    network.replace(DROP_BOTH)
    other.write('ping')
    expect([inner.written, inner.isPaused()]).toEqual(['ping', false])
  })

  it('loses a rule when its time is over', () => {
    const {inner, socket} = established()
    network.replace(DROP_BOTH.map((each) => ({...each, untilMs: Date.now() + 500})))
    socket.write('ping')
    vi.advanceTimersByTime(499)
    expect([inner.written, network.rules().length]).toEqual(['', 2])
    vi.advanceTimersByTime(2)
    expect([inner.written, network.rules().length]).toEqual(['ping', 0])
  })
})

describe('a probe', () => {
  const probe = (withinMs: number) => {
    const results: unknown[] = []
    const asked = [{payload: 'MARK\r\n', peer: PEER, replyCount: 2}]
    network.probe(asked, withinMs, (found) => results.push(...found))
    return results
  }

  it('tells when it was sent, and the last answer', () => {
    const startedMs = Date.now()
    const results = probe(100)
    const inner = dialled[0] as FakeSocket
    vi.advanceTimersByTime(10)
    inner.connect()
    expect(inner.written).toBe('MARK\r\n')
    vi.advanceTimersByTime(10)
    receive(inner, '+OK\r\n:1')
    expect(results).toEqual([])
    receive(inner, '23\r\n')
    expect(results).toEqual([{answer: ':123', answeredMs: startedMs + 20, sentMs: startedMs + 10}])
    expect(inner.destroyed).toBe(true)
  })

  it('is over after its time, and when the peer is not there', () => {
    network.replace(DROP_BOTH)
    const silent = probe(100)
    vi.advanceTimersByTime(99)
    expect(silent).toEqual([])
    vi.advanceTimersByTime(1)
    const nothing = {answer: undefined, answeredMs: undefined, sentMs: undefined}
    expect(silent).toEqual([nothing])
    network.replace([])
    const refused = probe(100)
    dialled[0]?.destroy()
    settle()
    expect(refused).toEqual([nothing])
  })
})
