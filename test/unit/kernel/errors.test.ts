import {describe, expect, it} from 'vitest'
import {CliError, ERRORS, type ErrorCode, EXIT_CODES, messageOf} from '../../../src/lib/kernel/errors.js'

describe('CliError', () => {
  it('exits with the code of the table, by both names oclif reads', () => {
    for (const code of Object.keys(ERRORS) as ErrorCode[]) {
      const error = new CliError(code, 'x')
      expect(error.exitCode).toBe(ERRORS[code].exit)
      expect(error.oclif.exit).toBe(error.exitCode)
      expect(Object.keys(EXIT_CODES)).toContain(String(error.exitCode))
    }
  })

  it('renders as the documented JSON and nothing else', () => {
    const error = new CliError('NOT_ENOUGH_SLOTS', 'too few', {details: {owned: 5}, suggestions: ['--slots 5']})
    expect(JSON.parse(JSON.stringify(error))).toEqual({
      error: {
        code: 'NOT_ENOUGH_SLOTS',
        details: {owned: 5},
        exitCode: 3,
        message: 'too few',
        suggestions: ['--slots 5'],
      },
    })
  })

  it('keeps the cause', () => {
    const cause = new Error('inner')
    expect(new CliError('UNREACHABLE', 'outer', {cause}).cause).toBe(cause)
  })
})

describe('messageOf', () => {
  it('takes anything that can be thrown', () => {
    expect(messageOf(new Error('a'))).toBe('a')
    expect(messageOf('b')).toBe('b')
    expect(messageOf(undefined)).toBe('undefined')
  })
})
