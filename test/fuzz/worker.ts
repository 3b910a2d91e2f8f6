import {parentPort, workerData} from 'node:worker_threads'
import {MemoryWatch} from './memory.js'
import {type Finding, FuzzRun} from './run.js'
import {targetNamed} from './targets/index.js'

/** Where a worker is to begin and end. */
export interface WorkerTask {
  readonly target: string
  readonly seed: number
  readonly first: number
  readonly inputs: number
  /** Unix milliseconds. */
  readonly endMs: number
  /** The index of the input at hand: who waits for a hanging worker knows which one it is. */
  readonly index: SharedArrayBuffer
}

export interface WorkerReport {
  readonly count: number
  readonly accepted: number
  readonly findings: readonly Finding[]
}

const {endMs, first, index, inputs, seed, target} = workerData as WorkerTask
const at = new Float64Array(index)
const run = new FuzzRun(targetNamed(target), seed, new MemoryWatch())
for (let i = first; i < first + inputs && !run.isOver; i++) {
  at[0] = i
  run.step(i)
  if ((i & 63) === 0 && Date.now() > endMs) break
}
const {accepted, count, findings} = run
parentPort?.postMessage({accepted, count, findings} satisfies WorkerReport)
