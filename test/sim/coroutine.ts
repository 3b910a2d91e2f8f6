import type {EventQueue} from './event-queue.js'

/**
 * Clients and operators are written as straight code that waits: generators, because a promise would bring a second,
 * hidden scheduler. `yield* sleep(ms)`, `yield* call(...)`.
 */
export type Wait = (resume: (value: unknown) => void) => void

export type Job<T = void> = Generator<Wait, T, unknown>

/** Runs the job until its first wait, and on from there as its waits resolve. */
export function spawn(job: Job<unknown>): void {
  const advance = (value: unknown): void => {
    const result = job.next(value)
    if (result.done) return
    let resumed = false
    result.value((answer) => {
      if (resumed) return
      resumed = true
      advance(answer)
    })
  }
  advance(undefined)
}

export function* sleep(queue: EventQueue, delayMs: number): Job {
  yield (resume) => queue.after(delayMs, () => resume(undefined))
}

/** @returns undefined if nothing came within `timeoutMs` */
export function* withTimeout<T>(
  queue: EventQueue,
  timeoutMs: number,
  start: (done: (value: T) => void) => void,
): Job<T | undefined> {
  const answer = yield (resume) => {
    start(resume)
    queue.after(timeoutMs, () => resume(undefined))
  }
  return answer as T | undefined
}
