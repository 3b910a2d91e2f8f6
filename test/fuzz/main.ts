import {parseArgs} from 'node:util'
import {Worker} from 'node:worker_threads'
import {inputOf} from './run.js'
import type {FuzzTarget} from './target.js'
import {TARGETS, targetNamed} from './targets/index.js'
import type {WorkerReport, WorkerTask} from './worker.js'

const USAGE = `usage: npm run fuzz -- [TARGET...] [options]

  --inputs N   over all targets, each its share (default 100000)
  --seconds N  at most, over all targets, each its share (default 3600)
  --seed N     other inputs (default 1)
  --first N    begin at this input of each target: with --inputs 1 what a finding names

Targets: ${TARGETS.map(({name}) => name).join(', ')}
`

/** Of the processor's time: on a busy machine others' work must not look like a hang. */
const HANG_MS = 10_000
const POLL_MS = 500
/** A leak ends the worker, not the machine. */
const HEAP_MB_MAX = 768

const {positionals, values} = parseArgs({
  allowPositionals: true,
  options: {
    first: {type: 'string', default: '0'},
    help: {type: 'boolean', short: 'h', default: false},
    inputs: {type: 'string', default: '100000'},
    seconds: {type: 'string', default: '3600'},
    seed: {type: 'string', default: '1'},
  },
})

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

/** A worker gets its own loader of TypeScript: threads do not inherit it. */
function start(task: WorkerTask): Worker {
  const file = JSON.stringify(new URL('./worker.ts', import.meta.url).href)
  const code = `import('tsx/esm/api').then(({register}) => { register(); return import(${file}) })`
  return new Worker(code, {eval: true, resourceLimits: {maxOldGenerationSizeMb: HEAP_MB_MAX}, workerData: task})
}

interface Outcome extends WorkerReport {
  /** The worker died or had to be ended at this input. */
  readonly lost?: {readonly index: number; readonly why: string}
}

function runWorker(task: WorkerTask): Promise<Outcome> {
  const at = new Float64Array(task.index)
  const worker = start(task)
  return new Promise((resolve) => {
    let seen = -1
    let since = process.cpuUsage()
    const lose = (why: string): void => {
      clearInterval(timer)
      void worker.terminate()
      const index = at[0]!
      resolve({accepted: 0, count: index - task.first + 1, findings: [], lost: {index, why}})
    }
    const timer = setInterval(() => {
      if (at[0] !== seen) {
        seen = at[0]!
        since = process.cpuUsage()
        return
      }
      const {system, user} = process.cpuUsage(since)
      if ((system + user) / 1000 > HANG_MS) lose(`hangs: more than ${HANG_MS} ms`)
    }, POLL_MS)
    worker.once('message', (report: WorkerReport) => {
      clearInterval(timer)
      void worker.terminate()
      resolve(report)
    })
    worker.once('error', (error) => lose(error.message))
  })
}

/** @returns how many findings there were */
async function fuzz(target: FuzzTarget, seed: number, first: number, inputs: number, endMs: number): Promise<number> {
  const startedMs = Date.now()
  const sum = {accepted: 0, count: 0, findings: 0}
  for (let next = first; next < first + inputs && Date.now() < endMs; ) {
    const task = {endMs, first: next, index: new SharedArrayBuffer(8), inputs: first + inputs - next, seed}
    const outcome = await runWorker({...task, target: target.name})
    for (const {index, input, problem} of outcome.findings) tell(target.name, seed, index, problem, input)
    if (outcome.lost) {
      const {index, why} = outcome.lost
      tell(target.name, seed, index, why, inputOf(target.open(), seed, index))
    }
    sum.accepted += outcome.accepted
    sum.count += outcome.count
    sum.findings += outcome.findings.length + (outcome.lost ? 1 : 0)
    next += outcome.count
    if (!outcome.lost) break
  }
  const seconds = (Date.now() - startedMs) / 1000
  const taken = Math.round((sum.accepted / Math.max(1, sum.count)) * 100)
  const line = [target.name.padEnd(18), String(sum.count).padStart(9), `${seconds.toFixed(0)} s`.padStart(7)]
  say(`${line.join(' ')}  ${String(taken).padStart(3)} % taken  ${sum.findings} findings`)
  return sum.findings
}

function tell(target: string, seed: number, index: number, problem: string, input: string): void {
  say(`\n${target}: ${problem}`)
  say(`  again: npm run fuzz -- ${target} --seed ${seed} --first ${index} --inputs 1`)
  say(`  input: ${Buffer.from(input, 'latin1').toString('hex')}`)
  say(`  text:  ${JSON.stringify(input.slice(0, 400))}\n`)
}

if (values.help) {
  say(USAGE)
  process.exit(0)
}
const chosen = positionals.length === 0 ? TARGETS : positionals.map(targetNamed)
const [first, inputs, seconds, seed] = [values.first, values.inputs, values.seconds, values.seed].map(Number) as [
  number,
  number,
  number,
  number,
]
const shares = chosen.reduce((sum, {share}) => sum + share, 0)
let findings = 0
for (const target of chosen) {
  const part = target.share / shares
  const endMs = Date.now() + seconds * 1000 * part
  findings += await fuzz(target, seed, first, Math.ceil(inputs * part), endMs)
}
process.exit(findings === 0 ? 0 : 1)
