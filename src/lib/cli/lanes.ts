/** Something that goes on beside others of its kind, drawn as one line on a terminal. */
export interface Lane {
  readonly title: string
  /** Resolves once it is done. */
  readonly finished: Promise<void>
  isFinished(): boolean
  /** How far it is. */
  describe(nowMs: number): string
  /** How it went. */
  summary(): string
}

const REDRAW_MS = 100

/** One task per lane, while `run` does the work. listr2 is loaded here, since only a terminal needs it. */
export async function drawLanes<T>(lanes: readonly Lane[], run: () => Promise<T>): Promise<T> {
  // On a terminal without width, which some jobs have, every letter would get a line of its own.
  if (!process.stdout.columns) return run()
  const {Listr} = await import('listr2')
  const running = run()
  const ended = running.then(
    () => undefined,
    () => 'failed' as const,
  )
  const list = new Listr(
    lanes.map((lane) => ({
      title: lane.title,
      task: async (_: unknown, task: {output: string; title: string}) => {
        const timer = setInterval(() => {
          task.output = lane.describe(performance.now())
        }, REDRAW_MS)
        try {
          const how = await Promise.race([lane.finished, ended])
          task.title = `${task.title}, ${lane.summary()}`
          // The message is drawn in place of the title.
          if (how === 'failed' && !lane.isFinished()) throw new Error(`${lane.title}, stopped after ${lane.summary()}`)
        } finally {
          clearInterval(timer)
        }
      },
    })),
    {concurrent: true, exitOnError: false, registerSignalListeners: false},
  )
  await list.run()
  return running
}
