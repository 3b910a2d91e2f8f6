import {clearLine, createInterface, cursorTo, type Interface} from 'node:readline'
import {toWireText} from '../../protocol/resp/encode-command.js'
import {HISTORY_LINES_MAX, type HistoryFile} from './history-file.js'
import {holdsSecret} from './secret-lines.js'
import {describeFailure, Session, type SessionSettings} from './session.js'
import {parseTyped} from './typed.js'

const CLEAR_SCREEN = '\x1b[H\x1b[2J'

type Settings = Omit<SessionSettings, 'isTalkative' | 'write'>

function writeOut(text: string): void {
  process.stdout.write(text, 'latin1')
}

/** Reads lines from the terminal until `exit`, Ctrl-D, or Ctrl-C at the prompt. */
export async function promptOnTerminal(settings: Settings, history: HistoryFile): Promise<void> {
  const {stdin: input, stdout: output} = process
  const lines = createInterface({
    history: history.read(),
    historySize: HISTORY_LINES_MAX,
    input,
    output,
    removeHistoryDuplicates: true,
    terminal: true,
  })
  const typed = new TypedLines(lines)
  let isAsking = false
  const session = new Session({
    ...settings,
    isTalkative: true,
    write: (text) => {
      // A message that comes by itself stands above the line that is being typed.
      if (isAsking) {
        cursorTo(output, 0)
        clearLine(output, 0)
      }
      writeOut(text)
      if (isAsking) lines.prompt(true)
    },
  })
  // What must not be kept cannot be called back by an arrow key either.
  lines.on('history', (kept: string[]) => kept.splice(0, kept.length, ...kept.filter((line) => !holdsSecret(line))))
  lines.on('SIGINT', () => {
    if (isAsking) lines.close()
    else {
      typed.clear()
      session.interrupt()
    }
  })
  for (;;) {
    lines.setPrompt(session.prompt)
    // What was typed ahead stays as it is, and its echo is above: a whole line of it is shown again, at its prompt.
    lines.prompt(true)
    if (typed.ahead !== undefined) writeOut(toWireText(`${typed.ahead}\n`))
    isAsking = true
    const line = await typed.next()
    isAsking = false
    if (line === undefined) {
      writeOut('\n')
      break
    }
    history.add(line)
    if (!(await obey(session, line, () => writeOut(CLEAR_SCREEN)))) break
  }
  lines.close()
  session.close()
}

/** Lines as they are typed, also while a command runs. */
class TypedLines {
  private readonly waiting: string[] = []
  private hasEnded = false
  private wake: (() => void) | undefined

  constructor(lines: Interface) {
    lines.on('line', (line) => {
      this.waiting.push(line)
      this.wake?.()
    })
    lines.on('close', () => {
      this.hasEnded = true
      this.wake?.()
    })
  }

  /** A line that was typed ahead. */
  get ahead(): string | undefined {
    return this.waiting[0]
  }

  /** Forgets what was typed ahead, as a terminal does on Ctrl-C. */
  clear(): void {
    this.waiting.length = 0
  }

  /** Waits for the next line. @returns undefined at the end */
  async next(): Promise<string | undefined> {
    while (this.waiting.length === 0 && !this.hasEnded) {
      await new Promise<void>((resolve) => {
        this.wake = resolve
      })
    }
    return this.waiting.shift()
  }
}

/** @returns false once it was asked to end */
async function obey(session: Session, line: string, clear: () => void): Promise<boolean> {
  const typed = parseTyped(line)
  try {
    switch (typed.kind) {
      case 'exit':
        return false
      case 'clear':
        clear()
        break
      case 'help':
        await session.help(typed.topic)
        break
      case 'invalid':
        writeOut(`${typed.text}\n`)
        break
      case 'command':
        await session.run(typed.argv, typed.times)
        break
    }
  } catch (error) {
    session.hasFailed = true
    writeOut(`${describeFailure(error)}\n`)
  }
  return true
}

/**
 * Runs the lines that are piped in, without a prompt.
 *
 * @returns whether any reply was an error
 */
export async function runPiped(settings: Settings, signal: AbortSignal): Promise<boolean> {
  const session = new Session({...settings, isTalkative: true, write: writeOut})
  const lines = createInterface({input: process.stdin, terminal: false})
  const onAbort = () => {
    session.interrupt()
    lines.close()
  }
  signal.addEventListener('abort', onAbort, {once: true})
  try {
    for await (const line of lines) {
      if (signal.aborted || !(await obey(session, line, () => undefined))) break
    }
  } finally {
    signal.removeEventListener('abort', onAbort)
    lines.close()
    session.close()
  }
  return session.hasFailed
}

/**
 * Runs one command.
 *
 * @param argv - binary strings
 * @returns whether its reply was an error
 * @throws {CliError} UNREACHABLE, TIMED_OUT
 */
export async function runOne(settings: Settings, argv: readonly string[], signal: AbortSignal): Promise<boolean> {
  const session = new Session({...settings, isTalkative: false, write: writeOut})
  const onAbort = () => session.interrupt()
  signal.addEventListener('abort', onAbort, {once: true})
  try {
    await session.run(argv)
  } finally {
    signal.removeEventListener('abort', onAbort)
    session.close()
  }
  return session.hasFailed
}
