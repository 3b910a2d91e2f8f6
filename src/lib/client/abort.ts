import {CliError} from '../kernel/errors.js'

/** The error of a job the operator stopped. */
export function interrupted(): CliError {
  return new CliError('INTERRUPTED', 'interrupted')
}

/** @throws {CliError} INTERRUPTED once the signal is aborted */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw interrupted()
}

/**
 * Waits, but not longer than the operator does.
 *
 * @throws {CliError} INTERRUPTED as soon as the signal aborts
 */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(interrupted())
      return
    }
    const onAbort = () => {
      clearTimeout(timer)
      reject(interrupted())
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    }, ms)
    signal?.addEventListener('abort', onAbort, {once: true})
  })
}

/**
 * Bounds a promise in time. The work itself goes on; its late outcome is ignored.
 *
 * @param onTimeout - makes the error thrown after `timeoutMs`
 * @throws whatever `work` throws, the timeout's error, or {CliError} INTERRUPTED
 */
export function withDeadline<T>(
  work: Promise<T>,
  timeoutMs: number,
  onTimeout: () => Error,
  signal?: AbortSignal,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const settle = (finish: () => void) => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      finish()
    }
    const onAbort = () => settle(() => reject(interrupted()))
    const timer = setTimeout(() => settle(() => reject(onTimeout())), timeoutMs)
    if (signal?.aborted) {
      onAbort()
    } else {
      signal?.addEventListener('abort', onAbort, {once: true})
    }
    work.then(
      (value) => settle(() => resolve(value)),
      (error) => settle(() => reject(error)),
    )
  })
}

/**
 * The operator need not wait for the end of `work`, which goes on unheard.
 *
 * @throws whatever `work` throws, or {CliError} INTERRUPTED as soon as the signal aborts
 */
export function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work
  return new Promise<T>((resolve, reject) => {
    const onAbort = () => reject(interrupted())
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort, {once: true})
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}
