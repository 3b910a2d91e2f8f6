import {EventEmitter} from 'node:events'
import type {ReadStream, WriteStream} from 'node:tty'
import {afterEach, describe, expect, it, vi} from 'vitest'
import {LiveScreen} from '../../../src/lib/cli/live-screen.js'

class FakeInput extends EventEmitter {
  isRaw = false
  setEncoding = () => this
  pause = () => this
  setRawMode = (raw: boolean) => {
    this.isRaw = raw
    return this
  }
}

class FakeOutput extends EventEmitter {
  columns = 0
  rows = 0
  readonly writes: string[] = []
  write = (text: string) => {
    this.writes.push(text)
    return true
  }
}

function openScreen() {
  const [input, output] = [new FakeInput(), new FakeOutput()]
  const [onRedraw, onQuit] = [vi.fn(), vi.fn()]
  const screen = new LiveScreen({
    input: input as unknown as ReadStream,
    output: output as unknown as WriteStream,
    onQuit,
    onRedraw,
  })
  screen.open()
  return {input, onQuit, onRedraw, output, screen}
}

describe('LiveScreen', () => {
  let open: ReturnType<typeof openScreen>

  afterEach(() => open.screen.close())

  it('draws each frame in one write over the one before', () => {
    open = openScreen()
    open.screen.draw(['one', 'two'])
    expect(open.output.writes).toEqual(['\u001B[?1049h\u001B[?25l', '\u001B[Hone\u001B[K\r\ntwo\u001B[K\u001B[J'])
    expect(open.input.isRaw).toBe(true)
  })

  it('takes a terminal that does not tell its size for a small one', () => {
    open = openScreen()
    expect(open.screen.size).toEqual({columns: 80, rows: 24})
    Object.assign(open.output, {columns: 120, rows: 40})
    expect(open.screen.size).toEqual({columns: 120, rows: 40})
  })

  it('gives the terminal back once, and draws no more', () => {
    open = openScreen()
    open.screen.close()
    open.screen.close()
    open.screen.draw(['late'])
    expect(open.output.writes.slice(1)).toEqual(['\u001B[?25h\u001B[?1049l'])
    expect(open.input.isRaw).toBe(false)
    expect([open.input, open.output].flatMap((stream) => stream.eventNames())).toEqual([])
  })

  it.each(['exit', 'uncaughtExceptionMonitor'])('gives it back on %s', (event) => {
    const before = process.listeners(event as 'exit')
    open = openScreen()
    const added = process.listeners(event as 'exit').filter((listener) => !before.includes(listener))
    expect(added).toHaveLength(1)
    added[0]?.(1)
    expect(open.output.writes.at(-1)).toBe('\u001B[?25h\u001B[?1049l')
    open.screen.close()
    expect(process.listeners(event as 'exit')).toEqual(before)
  })

  it('quits on q and Escape, not on arrows', () => {
    open = openScreen()
    for (const key of ['q', '\u001B', '\u001B[A', 'x', 'Q']) open.input.emit('data', key)
    expect(open.onQuit).toHaveBeenCalledTimes(3)
  })

  it('asks to be drawn anew when the size changes', () => {
    open = openScreen()
    open.output.emit('resize')
    expect(open.onRedraw).toHaveBeenCalledTimes(1)
  })
})
