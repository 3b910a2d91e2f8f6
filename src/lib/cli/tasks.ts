import {Flags} from '@oclif/core'
import type {NodeId} from '../model/node-id.js'
import type {MoveOptions} from '../operations/migration/run-moves.js'
import {type Emit, type MigrationEvent, TRANSFERS, type Transfer} from '../operations/migration/types.js'
import type {MovePlan} from '../plan/moves/reshard-document.js'
import {badFlag} from './flags.js'
import {drawLanes, type Lane} from './lanes.js'
import {MoveProgress} from './progress.js'

/** Flags of every command that moves slots. */
export const moveFlags = {
  events: Flags.boolean({summary: 'Print what happens as JSON lines on stderr.'}),
  'max-block': Flags.integer({
    default: 20,
    helpValue: 'MS',
    min: 1,
    summary: 'No step should block a node for longer than this many milliseconds.',
  }),
  window: Flags.integer({
    default: 64,
    helpValue: 'SLOTS',
    max: 1024,
    min: 1,
    summary: 'Slots opened at a time.',
  }),
  pipeline: Flags.integer({
    aliases: ['cluster-pipeline'],
    helpValue: 'KEYS',
    min: 1,
    summary: 'At most this many keys per MIGRATE. By default time alone bounds it.',
  }),
  'migrate-timeout': Flags.integer({
    aliases: ['cluster-timeout'],
    default: 60_000,
    helpValue: 'MS',
    min: 1,
    summary: 'Timeout of each MIGRATE, in milliseconds; of an atomic migration, how long it may make no progress.',
  }),
  transfer: Flags.option({options: TRANSFERS, default: 'auto' as const})({
    summary:
      'How slots travel: atomic leaves it to the nodes (Valkey 9, Redis 8.4), migrate sends keys from node to node, ' +
      'copy takes slots of small keys through this process. By default atomic where both nodes offer it.',
  }),
  'use-atomic-slot-migration': Flags.boolean({
    aliases: ['cluster-use-atomic-slot-migration'],
    hidden: true,
    summary: "As valkey-cli's: where both nodes offer it, which is what is done without it too.",
  }),
  replace: Flags.boolean({
    aliases: ['cluster-replace'],
    summary: 'Let the source win where a key is on both sides and differs.',
  }),
}

/** Flags of every command that makes a plan. */
export const planFlags = {
  'dry-run': Flags.boolean({summary: 'Show the plan and change nothing.'}),
  'plan-out': Flags.string({helpValue: 'FILE', summary: 'Write the plan to FILE as JSON.'}),
}

export interface MoveFlagValues {
  readonly events: boolean
  readonly 'max-block': number
  readonly window: number
  readonly pipeline?: number | undefined
  readonly 'migrate-timeout': number
  readonly replace: boolean
  readonly transfer: Transfer
}

/** What passes by itself, such as a target that loads or a link that hiccups, should have passed by then. */
const RETRY_MS = 10_000

export function moveOptionsOf(flags: MoveFlagValues): MoveOptions {
  return {
    pace: {maxBlockMs: flags['max-block'], windowSlots: flags.window, batchKeysMax: flags.pipeline},
    migrateTimeoutMs: flags['migrate-timeout'],
    replace: flags.replace,
    transfer: flags.transfer,
    retryMs: RETRY_MS,
  }
}

export interface ShowMove<T> {
  readonly plan: MovePlan
  /** How a node is called on the screen. */
  readonly nameOf: (id: NodeId) => string
  /** `tasks` draws on a terminal, `events` prints JSON lines on stderr, `silent` shows warnings alone. */
  readonly how: 'tasks' | 'events' | 'silent'
  readonly onWarning: (message: string) => void
  readonly run: (emit: Emit) => Promise<T>
}

/** Runs a move and shows what happens meanwhile. Throws what the move throws. */
export async function showMove<T>({how, nameOf, onWarning, plan, run}: ShowMove<T>): Promise<T> {
  const progress = new MoveProgress(plan, performance.now())
  const warnings: string[] = []
  const emit = (event: MigrationEvent) => {
    progress.take(event, performance.now())
    if (how === 'events') process.stderr.write(`${JSON.stringify({at: new Date().toISOString(), ...event})}\n`)
    // Drawing and printing do not mix: what is said under the task list waits for its end.
    if (event.event === 'warning' && how !== 'events')
      how === 'tasks' ? warnings.push(event.message) : onWarning(event.message)
  }
  try {
    return how === 'tasks' ? await drawLanes(lanesOf(progress, nameOf), () => run(emit)) : await run(emit)
  } finally {
    for (const message of warnings) onWarning(message)
  }
}

function lanesOf({pairs}: MoveProgress, nameOf: (id: NodeId) => string): Lane[] {
  return pairs.map((pair) => ({
    title: `${nameOf(pair.from)} -> ${nameOf(pair.to)}: ${pair.slotCount} slots`,
    finished: pair.finished,
    isFinished: () => pair.isFinished,
    describe: (nowMs) => pair.describe(nowMs),
    summary: () => pair.summary(),
  }))
}

/** @throws {CliError} BAD_FLAG for `--events` where it cannot be seen */
export function requireEventsUseful(flags: {readonly events: boolean; readonly quiet?: boolean | undefined}): void {
  if (flags.events && flags.quiet) throw badFlag('--events and --quiet contradict each other')
}
