import type {ReadStream, WriteStream} from 'node:tty'
import type {Size} from './render/watch.js'

/** The alternate screen without a cursor, and the way back. */
const ENTER = '\u001B[?1049h\u001B[?25l'
const LEAVE = '\u001B[?25h\u001B[?1049l'
const HOME = '\u001B[H'
const CLEAR_LINE = '\u001B[K'
const CLEAR_BELOW = '\u001B[J'

const CTRL_C = '\u0003'
const CTRL_Z = '\u001A'
/** The last is Escape alone; the arrows send more. */
const QUIT_KEYS = new Set(['q', 'Q', '\u001B'])

export interface LiveScreenOptions {
  readonly input: ReadStream
  readonly output: WriteStream
  /** The size changed, or the process was in the background: what is on the screen must be drawn anew. */
  readonly onRedraw: () => void
  readonly onQuit: () => void
}

/**
 * A screen that is drawn over in place. The terminal is as before after `close()`, and after the process ended in any way
 * but SIGKILL: Ctrl-C, SIGTERM, a crash. Ctrl-Z gives the terminal back meanwhile. `q` and Escape quit.
 */
export class LiveScreen {
  private isOpen = false

  constructor(private readonly options: LiveScreenOptions) {}

  open(): void {
    const {input, onRedraw, output} = this.options
    this.enter()
    input.setEncoding('utf8').on('data', this.onKey)
    output.on('resize', onRedraw)
    process.once('exit', this.leave)
    // Before the trace is printed, which would vanish with the alternate screen.
    process.once('uncaughtExceptionMonitor', this.leave)
    process.on('SIGTSTP', this.suspend)
    process.on('SIGCONT', this.resume)
  }

  /** Of the terminal; that of the oldest ones where it does not tell, or says 0, as in some containers. */
  get size(): Size {
    const {columns, rows} = this.options.output
    return {columns: columns || 80, rows: rows || 24}
  }

  /** Draws a frame in one write, so that no half of one is ever seen. */
  draw(lines: readonly string[]): void {
    if (!this.isOpen) return
    const body = lines.map((line) => line + CLEAR_LINE).join('\r\n')
    this.options.output.write(HOME + body + CLEAR_BELOW)
  }

  /** Closing twice is safe. */
  close(): void {
    const {input, onRedraw, output} = this.options
    this.leave()
    input.off('data', this.onKey)
    input.pause()
    output.off('resize', onRedraw)
    process.off('exit', this.leave)
    process.off('uncaughtExceptionMonitor', this.leave)
    process.off('SIGTSTP', this.suspend)
    process.off('SIGCONT', this.resume)
  }

  private enter(): void {
    // Keys must not appear among the frames.
    this.options.input.setRawMode(true)
    this.options.output.write(ENTER)
    this.isOpen = true
  }

  private readonly leave = (): void => {
    if (!this.isOpen) return
    this.isOpen = false
    this.options.output.write(LEAVE)
    this.options.input.setRawMode(false)
  }

  private readonly suspend = (): void => {
    this.leave()
    process.kill(process.pid, 'SIGSTOP')
  }

  private readonly resume = (): void => {
    if (!this.isOpen) this.enter()
    this.options.onRedraw()
  }

  private readonly onKey = (keys: string | Buffer): void => {
    const text = String(keys)
    // Without its own mode the terminal leaves these two to us; the signal goes the way of every Ctrl-C.
    if (text.includes(CTRL_C)) process.kill(process.pid, 'SIGINT')
    else if (text.includes(CTRL_Z)) this.suspend()
    else if (QUIT_KEYS.has(text)) this.options.onQuit()
  }
}
