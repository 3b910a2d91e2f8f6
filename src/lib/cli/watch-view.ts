import {ownersOf} from '../model/cluster-map.js'
import {type Reading, readingOf, type Sample} from '../model/cluster-reading.js'
import {OWNER_SILENT, shardIndexOfSlots} from '../model/cluster-summary.js'
import {newsBetween, problemsOf} from '../model/reading-news.js'
import type {Look} from '../operations/watch.js'
import {LiveScreen} from './live-screen.js'
import type {Style} from './render/style.js'
import {renderWatch, type WatchFrame} from './render/watch.js'

/** What happened, for as long as it can still be on a screen. */
const NEWS_KEPT = 50

/** Turns looks into frames: rates since the look before, and the news so far. */
export class WatchHistory {
  private previous: Sample | undefined
  private latest: Reading | undefined
  private owners: Int16Array = new Int16Array()
  private readonly told: string[] = []

  constructor(private readonly intervalMs: number) {}

  /** The last reading there was; undefined before the first. */
  get reading(): Reading | undefined {
    return this.latest
  }

  /**
   * @param time - of day, which is put before the news
   * @returns the frame, and what is new in it; undefined while no node has ever answered
   */
  take({failure, newSeed, sample}: Look, time: string): {frame: WatchFrame; news: readonly string[]} | undefined {
    const news = newSeed === undefined ? [] : [`the node watched through is gone; going on by ${newSeed}`]
    if (sample) {
      const reading = readingOf(sample, this.previous)
      if (this.latest) news.push(...newsBetween(this.latest, reading))
      const primaries = reading.nodes.filter(({role}) => role === 'primary')
      this.owners = shardIndexOfSlots(ownersOf(sample.view), primaries).map((owner) =>
        primaries[owner]?.state === 'down' ? OWNER_SILENT : owner,
      )
      this.latest = reading
      this.previous = sample
    }
    if (!this.latest) return undefined
    this.told.push(...news.map((text) => `${time}  ${text}`))
    this.told.splice(0, Math.max(0, this.told.length - NEWS_KEPT))
    const {intervalMs, latest: reading, owners} = this
    return {
      news,
      frame: {reading, owners, time, intervalMs, news: [...this.told], ...(!sample && {failure: failure ?? ''})},
    }
  }
}

export interface WatchView {
  show(frame: WatchFrame, news: readonly string[]): void
  close(): void
}

/** Redraws in place on the terminal. */
export class LiveView implements WatchView {
  private readonly screen: LiveScreen
  private frame: WatchFrame | undefined

  constructor(
    private readonly style: Style,
    onQuit: () => void,
  ) {
    this.screen = new LiveScreen({
      input: process.stdin,
      output: process.stdout,
      onRedraw: () => this.draw(),
      onQuit,
    })
    this.screen.open()
  }

  show(frame: WatchFrame): void {
    this.frame = frame
    this.draw()
  }

  close(): void {
    this.screen.close()
  }

  private draw(): void {
    if (this.frame) this.screen.draw(renderWatch(this.frame, this.style, this.screen.size))
  }
}

/** One block of plain lines per look, with an empty line between two. */
export class PlainView implements WatchView {
  private isFirst = true

  constructor(
    private readonly style: Style,
    private readonly print: (text: string) => void,
    private readonly onQuit: () => void,
  ) {
    // Whoever read the pipe has gone, as `head` does.
    process.stdout.on('error', onQuit)
  }

  show(frame: WatchFrame, news: readonly string[]): void {
    const size = {columns: Number.POSITIVE_INFINITY, rows: Number.POSITIVE_INFINITY}
    const lines = renderWatch({...frame, news}, this.style, size)
    this.print((this.isFirst ? '' : '\n') + lines.join('\n'))
    this.isFirst = false
  }

  close(): void {
    process.stdout.off('error', this.onQuit)
  }
}

/** One JSON line per look, on stderr. */
export class EventsView implements WatchView {
  show({failure, reading}: WatchFrame, news: readonly string[]): void {
    const at = new Date().toISOString()
    const event =
      failure === undefined
        ? {at, event: 'sample', ...reading, problems: problemsOf(reading), news}
        : {at, event: 'no-answer', failure}
    process.stderr.write(`${JSON.stringify(event)}\n`)
  }

  close(): void {
    // It holds nothing.
  }
}
