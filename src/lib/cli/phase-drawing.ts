import type {Ora} from 'ora'
import {TransferLane} from './transfer-lane.js'

const REDRAW_MS = 100

/** Phases that follow each other, each over the same files: a spinner on a terminal, one line per phase elsewhere. */
export class PhaseDrawing {
  private lane: TransferLane | undefined
  private spinner: Ora | undefined
  private timer: NodeJS.Timeout | undefined
  private totalBytes = 0
  private readonly read = new Map<string, number>()

  /** @param print - one line of progress */
  constructor(
    private readonly isTerminal: boolean,
    private readonly print: (text: string) => void,
  ) {}

  begin(title: string, totalBytes: number): void {
    this.end()
    this.read.clear()
    this.totalBytes = totalBytes
    const lane = new TransferLane(title)
    this.lane = lane
    // A spinner on a terminal without width, which some jobs have, would count its lines without end.
    if (!this.isTerminal || !process.stderr.columns) {
      this.print(title)
      return
    }
    void this.spin(lane)
  }

  /** @param bytes - read of that file in this phase */
  take(file: string, bytes: number): void {
    this.read.set(file, bytes)
    let read = 0
    for (const each of this.read.values()) read += each
    this.lane?.take(read, this.totalBytes > 0 ? read / this.totalBytes : undefined, performance.now())
  }

  /** The phase came to its end, if there is one. Ending twice is safe. */
  end(): void {
    const {lane, spinner} = this
    this.leave()
    if (spinner && lane) spinner.stopAndPersist({symbol: '✔', text: `${lane.title}: ${lane.summary()}`})
  }

  /** The phase is over, whether it came to its end or not. */
  stop(): void {
    const {lane, spinner} = this
    this.leave()
    if (spinner && lane) spinner.stopAndPersist({symbol: '✖', text: `${lane.title}: ${lane.summary()}`})
  }

  private leave(): void {
    clearInterval(this.timer)
    this.lane = undefined
    this.spinner = undefined
  }

  private async spin(lane: TransferLane): Promise<void> {
    const {default: ora} = await import('ora')
    // The phase may be over before the spinner was loaded.
    if (this.lane !== lane) return
    const spinner = ora({color: false, discardStdin: false, text: lane.title}).start()
    this.spinner = spinner
    this.timer = setInterval(() => {
      spinner.text = `${lane.title}: ${lane.describe(performance.now())}`
    }, REDRAW_MS)
  }
}
