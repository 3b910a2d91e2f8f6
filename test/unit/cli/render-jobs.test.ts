import {expect, it} from 'vitest'
import {renderJobs} from '../../../src/lib/cli/render/jobs.js'
import type {JobSummary} from '../../../src/lib/operations/job-list.js'

const JOB: JobSummary = {
  id: 'reshard-1',
  command: 'reshard',
  at: '2026-01-01T00:00:00.000Z',
  seed: 's:1',
  state: 'finished',
  slotCount: 10,
  slotsDone: 10,
  keysMoved: 7,
}

it('shows what jobs were about, and how to go on with those that were cut short', () => {
  const load = {command: 'import', slotCount: 0, slotsDone: 0} as const
  const lines = renderJobs([
    JOB,
    {...JOB, ...load, id: 'import-1', state: 'running', from: 'h:6379', database: 0},
    {
      ...JOB,
      ...load,
      id: 'import-2',
      state: 'broken-off',
      from: 'h:6379',
      database: 3,
      suggestion: 'shoal resume import-2',
    },
    {...JOB, id: 'fix-1', slotsDone: 1, state: 'stopped', reason: 'interrupted', suggestion: 'shoal resume fix-1'},
  ]).split('\n')
  expect(lines).toEqual([
    'job        state       what                    keys  seed  reason',
    'reshard-1  finished    10/10 slots             7     s:1',
    'import-1   running     from h:6379             7     s:1',
    'import-2   broken-off  from h:6379 database 3  7     s:1',
    'fix-1      stopped     1/10 slots              7     s:1   interrupted',
    '',
    'To go on:',
    '  shoal resume import-2',
    '  shoal resume fix-1',
  ])
  expect(renderJobs([JOB])).not.toContain('To go on')
})
