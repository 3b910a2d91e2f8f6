import {CliError} from '../kernel/errors.js'

/*
 * Questions to the operator. A question is asked on a terminal or not at all: a closed or piped stdin is an error with a
 * way forward, never a loop. inquirer is loaded when the first question is due, since most runs ask none.
 */

/** Whether there is somebody to ask. */
export function hasTerminal(): boolean {
  return process.stdin.isTTY === true && process.stdout.isTTY === true
}

/** @returns true for yes; Enter alone means no. @throws inquirer's own errors on Ctrl-C and on abort */
export async function askYesNo(message: string, signal: AbortSignal): Promise<boolean> {
  const {default: inquirer} = await import('inquirer')
  const prompt = inquirer.createPromptModule({signal})
  const {answer} = await prompt([{default: false, message, name: 'answer', type: 'confirm'}])
  return answer === true
}

/**
 * Asks without echo.
 *
 * @param flag - that made it ask, and what to set where nobody can be asked
 * @throws {CliError} NEEDS_TERMINAL
 */
export async function askPassword(
  message = 'Password:',
  {flag, variable} = {flag: 'askpass', variable: 'SHOAL_PASSWORD'},
): Promise<string> {
  if (!hasTerminal()) {
    throw new CliError('NEEDS_TERMINAL', `--${flag} needs a terminal`, {suggestions: [`Set ${variable} instead.`]})
  }
  const {default: inquirer} = await import('inquirer')
  const {answer} = await inquirer.prompt([{message, name: 'answer', type: 'password'}])
  return String(answer)
}
