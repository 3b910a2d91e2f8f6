import type {JobSummary} from '../../operations/job-list.js'
import {renderTable} from './table.js'

/** All jobs, oldest first, and below them how to go on with those that were cut short. */
export function renderJobs(jobs: readonly JobSummary[]): string {
  const columns = ['job', 'state', 'what', 'keys', 'seed', 'reason'].map((title) => ({title}))
  const rows = jobs.map((job) => [job.id, job.state, whatOf(job), String(job.keysMoved), job.seed, job.reason ?? ''])
  const ways = jobs.flatMap(({suggestion}) => suggestion ?? [])
  return [
    ...renderTable(columns, rows),
    ...(ways.length > 0 ? ['', 'To go on:'] : []),
    ...ways.map((way) => `  ${way}`),
  ].join('\n')
}

function whatOf({database = 0, from, slotCount, slotsDone}: JobSummary): string {
  if (from === undefined) return `${slotsDone}/${slotCount} slots`
  return `from ${from}${database > 0 ? ` database ${database}` : ''}`
}
