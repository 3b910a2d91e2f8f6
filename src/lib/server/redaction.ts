import type {Command} from './commands/command.js'

const HIDDEN = '(redacted)'

/** Indexes in argv of what nobody else may see, by the command's full name. */
const SECRETS: Readonly<Record<string, (argv: readonly string[]) => number[]>> = {
  auth: ({length}) => (length === 2 ? [1] : length === 3 ? [1, 2] : []),
  hello: (argv) => afterWord(argv, 2, 'auth', 2),
  migrate: (argv) => [...afterWord(argv, 6, 'auth', 1), ...afterWord(argv, 6, 'auth2', 2)],
  'acl|setuser': (argv) => argv.map((_, index) => index).slice(2),
  'crdt.config|set': ({length}) => (length > 3 ? [3] : []),
  'config|set': (argv) => argv.flatMap((_, i) => (i % 2 === 1 && SETTINGS.has(argv[i - 1]!.toLowerCase()) ? [i] : [])),
}

const SETTINGS = new Set(['masterauth', 'masteruser', 'requirepass', 'tls-client-key-file-pass', 'tls-key-file-pass'])

function afterWord(argv: readonly string[], first: number, word: string, count: number): number[] {
  const at = argv.findIndex((one, index) => index >= first && one.toLowerCase() === word)
  if (at < 0 || at + count >= argv.length) return []
  return Array.from({length: count}, (_, i) => at + 1 + i)
}

/** The arguments as MONITOR and SLOWLOG show them: without passwords. */
export function redacted(command: Command, argv: readonly string[]): readonly string[] {
  const secrets = SECRETS[command.fullName]?.(argv) ?? []
  return secrets.length === 0 ? argv : argv.map((one, index) => (secrets.includes(index) ? HIDDEN : one))
}
