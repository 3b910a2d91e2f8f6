import {CliError} from '../../kernel/errors.js'

/**
 * Runs questions.
 *
 * @throws {CliError} INTERRUPTED on Ctrl-C at a question; else what the questions throw
 */
export async function untilAnswered<T>(ask: () => Promise<T>, signal: AbortSignal): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    // inquirer's own error for Ctrl-C at a prompt.
    if (signal.aborted || (error as {name?: string}).name === 'ExitPromptError') {
      throw new CliError('INTERRUPTED', 'interrupted; nothing was changed')
    }
    throw error
  }
}
