import {describe, expect, it} from 'vitest'
import {reasonIn} from '../../../src/lib/engine/log-reason.js'

describe('why a node ended', () => {
  it.each([
    [[], 'it logged nothing'],
    [['all is well'], 'all is well'],
    [
      [
        '815:M 20 Nov 2026 12:14:40.494 * Running mode=cluster, port=17002.',
        '815:M 20 Nov 2026 12:14:40.556 # Warning: the cluster configuration file is already used',
        '815:M 20 Nov 2026 12:14:40.556 # aborting.',
      ],
      'Warning: the cluster configuration file is already used',
    ],
    [
      [
        '*** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***',
        'Reading the configuration file, at line 3',
        ">>> 'foo bar'",
        'Bad directive or wrong number of arguments',
      ],
      "'foo bar': Bad directive or wrong number of arguments",
    ],
    [['Error: Cannot find module x', '    at main (error.js:1:1)', 'Node.js v20.20.2'], 'Error: Cannot find module x'],
    [['815:M 20 Nov 2026 12:14:40.556 # aborting.'], 'aborting.'],
  ])('%j', (log, reason) => {
    expect(reasonIn(log)).toBe(reason)
  })
})
