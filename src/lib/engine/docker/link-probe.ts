import {randomBytes} from 'node:crypto'
import {createInterface} from 'node:readline'
import {setTimeout as delay} from 'node:timers/promises'
import {CliError} from '../../kernel/errors.js'
import type {Link} from '../../model/links.js'
import {toWireText} from '../../protocol/resp/encode-command.js'
import type {Layout, NodeSpec} from '../engine.js'
import type {LinkReading} from '../links.js'
import {ClientNames} from './client-names.js'
import type {DockerCli} from './docker-cli.js'
import {nettoolsImage} from './image/nettools.js'
import {containerName} from './names.js'

const SENT = 'sent'
/**
 * Opens a connection to each HOST PORT that is told by a line, says its MARK, sends the BYTES of that line, and keeps it until the
 * end of the input. Only what the shell has itself: images of servers have little else.
 */
const SENDER = [
  'while read -r host port mark bytes; do',
  '  [ "$host" = . ] && break',
  '  { exec 3<>"/dev/tcp/$host/$port" && echo "$mark" && printf "$bytes" >&3 &&',
  '    while read -r _; do :; done <&3; } 2>/dev/null &',
  'done',
  `echo ${SENT}`,
  'read -r _',
  'kill $(jobs -p) 2>/dev/null',
  'exit 0',
].join('\n')

const START_MS_MAX = 10_000
const END_MS_MAX = 2000
const ASK_MS_MAX = 1000
const TELL_MS_MAX = 2000
const POLL_MS = 25

type Prober = Pick<NodeSpec, 'address' | 'name' | 'password' | 'peerHost'>

/**
 * Sends from inside of each node, and looks from this machine at who arrived: so each direction is judged by itself, also where
 * nothing comes back. A delay is the time from the sender's word that it sends to that look, to some 20 ms.
 */
export async function probeLinks(
  cli: DockerCli,
  {environment, nodes}: Layout,
  links: readonly Link[],
  running: ReadonlySet<string>,
  withinMs: number,
  signal: AbortSignal,
): Promise<LinkReading[]> {
  const nonce = randomBytes(6).toString('hex')
  const trials = links
    .filter(({from, to}) => from !== to && running.has(from) && running.has(to))
    .map(({from, to}, index) => ({from, mark: `shoal-probe-${nonce}-${index}`, to}))
  const nodeOf = (name: string) => nodes.find((node) => node.name === name) as Prober
  const senders = new Map<string, Sender>()
  for (const from of new Set(trials.map((trial) => trial.from))) {
    const own = trials.filter((trial) => trial.from === from)
    const text = own.map(({mark, to}) => senderLine(nodeOf(to), mark)).join('')
    senders.set(from, startSender(cli, containerName(environment, from), `${text}.\n`, signal))
  }
  try {
    const receivers = [...new Set(trials.map((trial) => trial.to))]
    const seenAt = await Promise.all(
      receivers.map((to) => {
        const expected = trials.filter((trial) => trial.to === to)
        const sent = Promise.all(expected.map(({from}) => senders.get(from)?.sent))
        return watchArrivals(
          nodeOf(to),
          expected.map(({mark}) => mark),
          sent,
          withinMs,
          signal,
        )
      }),
    )
    const arrivedMs = new Map(seenAt.flatMap((marks) => [...marks]))
    const arrived = trials.filter(({mark}) => arrivedMs.has(mark))
    await untilTold(() => arrived.every(({from, mark}) => senders.get(from)?.begunMs.has(mark) === true))
    return trials.map(({from, mark, to}) => {
      const [begunMs, endMs] = [senders.get(from)?.begunMs.get(mark), arrivedMs.get(mark)]
      if (endMs === undefined) return {from, passes: false, to}
      return {...(begunMs !== undefined && {delayMs: Math.max(0, endMs - begunMs)}), from, passes: true, to}
    })
  } finally {
    await Promise.all([...senders.values()].map((sender) => sender.end()))
  }
}

/** A sender's word comes by way of Docker's daemon, and what it sends may be here first. @param isTold - all words have come */
async function untilTold(isTold: () => boolean): Promise<void> {
  const deadline = performance.now() + TELL_MS_MAX
  while (!isTold() && performance.now() < deadline) await delay(POLL_MS)
}

/**
 * One line of the sender's input. The password is in no argument. The shell writes line by line, and what follows the first line
 * waits for the peer's acknowledgement: so the first says all, to servers that know HELLO, since 6.0.
 */
function senderLine({address, password, peerHost}: Prober, mark: string): string {
  const lines = [`CLIENT SETNAME ${mark}`]
  if (password !== undefined) {
    const quoted = `"${escapeBytes(toWireText(password))}"`
    lines.unshift(`HELLO 2 AUTH default ${quoted} SETNAME ${mark}`, `AUTH ${quoted}`)
  }
  const escaped = escapeBytes(lines.map((line) => `${line}\r\n`).join(''))
  return `${peerHost ?? address.host} ${address.port} ${mark} ${escaped}\n`
}

/** Of a binary string; both the shell's printf and a server's inline commands read it. */
function escapeBytes(text: string): string {
  return [...Buffer.from(text, 'latin1')].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')
}

interface Sender {
  /** Resolves when it has begun to send. */
  readonly sent: Promise<void>
  /** When it sent what had to wait until a connection was open, by mark; milliseconds. */
  readonly begunMs: ReadonlyMap<string, number>
  end(): Promise<void>
}

/** In the node's own container where that has a shell that can, else beside it. */
function startSender(cli: DockerCli, container: string, text: string, signal: AbortSignal): Sender {
  const over = new AbortController()
  const children: Promise<unknown>[] = []
  const begunMs = new Map<string, number>()
  const attempt = async (args: readonly string[]) => {
    const {execa} = await import('execa')
    const child = execa(cli.file, [...args, 'bash', '-c', SENDER], {
      buffer: false,
      env: {LC_ALL: 'C'},
      forceKillAfterDelay: END_MS_MAX,
      reject: false,
      stderr: 'pipe',
      stdin: 'pipe',
    })
    child.stdin.on('error', () => undefined).write(text)
    // The sender ends by itself when its input does.
    over.signal.addEventListener('abort', () => child.stdin.end(), {once: true})
    if (over.signal.aborted) child.stdin.end()
    const timer = setTimeout(() => child.kill(), START_MS_MAX)
    const ended = child.then(() => undefined)
    children.push(ended)
    const begun = new Promise<true>((resolve) => {
      createInterface(child.stdout).on('line', (line) => {
        if (line === SENT) resolve(true)
        else if (!begunMs.has(line)) begunMs.set(line, performance.now())
      })
    })
    const isSending = await Promise.race([begun, ended])
    clearTimeout(timer)
    return isSending === true
  }
  const start = async () => {
    if (await attempt(['exec', '--interactive', container])) return
    if (over.signal.aborted) return
    const image = await nettoolsImage(cli, signal)
    const beside = ['--network', `container:${container}`, '--cap-drop', 'ALL']
    if (await attempt(['run', '--interactive', '--rm', ...beside, image])) return
    if (!over.signal.aborted) throw new CliError('UNREACHABLE', `nothing can be sent from inside of ${container}`)
  }
  const sent = start()
  // Told to whoever waits for it.
  sent.catch(() => undefined)
  return {
    begunMs,
    async end() {
      over.abort()
      await sent.catch(() => undefined)
      await Promise.all(children)
    },
    sent,
  }
}

/** The marks that came by `withinMs` after they were sent, and when they were seen; milliseconds. */
async function watchArrivals(
  {address, password}: Prober,
  marks: readonly string[],
  sent: Promise<unknown>,
  withinMs: number,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, number>> {
  const clients = await ClientNames.of(address, password, ASK_MS_MAX)
  const arrived = new Map<string, number>()
  try {
    await sent
    const deadline = performance.now() + withinMs
    for (;;) {
      if (signal.aborted) throw new CliError('INTERRUPTED', 'interrupted')
      const left = Math.max(1, deadline - performance.now())
      const names = (await clients?.list(left)) ?? new Set()
      const nowMs = performance.now()
      for (const mark of marks) if (names.has(mark) && !arrived.has(mark)) arrived.set(mark, nowMs)
      if (arrived.size === marks.length || clients === undefined || performance.now() >= deadline) return arrived
      await delay(POLL_MS)
    }
  } finally {
    clients?.close()
  }
}
