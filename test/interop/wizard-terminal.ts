import {execFileSync, spawnSync} from 'node:child_process'
import {join} from 'node:path'
import {packageFolder, shoalEnv} from '../support/cli.js'
import {waitFor} from '../support/processes.js'

/** A pseudo-terminal with tmux in it: what a person would see, and what they would press. */

export function hasTmux(): boolean {
  return spawnSync('tmux', ['-V']).status === 0
}

const MARK = 'exit code:'

export class Terminal {
  private readonly socket = `shoal-test-${process.pid}-${Math.random().toString(36).slice(2, 8)}`

  /** Runs `shoal ARGS...` in a fresh terminal of 120 by 40. */
  constructor(args: readonly string[]) {
    const command = [process.execPath, join(packageFolder(), 'bin', 'run.js'), ...args].map((word) => `'${word}'`)
    const script = `${command.join(' ')}; echo "${MARK} $?"; sleep 60`
    const env = {...shoalEnv(), TERM: 'xterm-256color'}
    const size = ['-x', '120', '-y', '40']
    execFileSync('tmux', ['-L', this.socket, '-f', '/dev/null', 'new-session', '-d', ...size, script], {env})
  }

  screen(): string {
    return String(execFileSync('tmux', ['-L', this.socket, 'capture-pane', '-p'])).trimEnd()
  }

  /** Waits until the screen shows the text or matches. @returns the screen */
  async see(what: string | RegExp): Promise<string> {
    let seen = ''
    return waitFor(
      () => {
        seen = this.screen()
        return (typeof what === 'string' ? seen.includes(what) : what.test(seen)) && seen
      },
      {deadlineMs: 20_000, everyMs: 30, what: () => `${what} on the screen:\n${seen}`},
    )
  }

  /** tmux's names of keys: Enter, Space, Down, BSpace, C-c. */
  press(...keys: readonly string[]): void {
    execFileSync('tmux', ['-L', this.socket, 'send-keys', ...keys])
  }

  type(text: string): void {
    execFileSync('tmux', ['-L', this.socket, 'send-keys', '-l', text])
  }

  resize(columns: number, rows: number): void {
    execFileSync('tmux', ['-L', this.socket, 'resize-window', '-x', String(columns), '-y', String(rows)])
  }

  /** Whether a program holds the terminal: it draws on the alternate screen, or the cursor is hidden. */
  isHeld(): boolean {
    const format = '#{alternate_on} #{cursor_flag}'
    return String(execFileSync('tmux', ['-L', this.socket, 'display-message', '-p', format])).trim() !== '0 1'
  }

  /** Waits for the program to end. @returns its exit code */
  async exitCode(): Promise<number> {
    const screen = await this.see(new RegExp(`${MARK} \\d+`))
    return Number(new RegExp(`${MARK} (\\d+)`).exec(screen)?.[1])
  }

  close(): void {
    spawnSync('tmux', ['-L', this.socket, 'kill-server'])
  }
}
