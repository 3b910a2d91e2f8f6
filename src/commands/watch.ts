import {Flags} from '@oclif/core'
import {ClusterCommand} from '../lib/cli/base-command.js'
import {badFlag, durationFlag} from '../lib/cli/flags.js'
import {seedArgs} from '../lib/cli/seed.js'
import {EventsView, LiveView, PlainView, WatchHistory, type WatchView} from '../lib/cli/watch-view.js'
import {CliError} from '../lib/kernel/errors.js'
import {parseAddress} from '../lib/model/address.js'
import type {Reading} from '../lib/model/cluster-reading.js'
import {problemsOf} from '../lib/model/reading-news.js'
import {ClusterWatcher, requireSample} from '../lib/operations/watch.js'

/** The `--json` document: the last look. */
interface WatchResult {
  readonly intervalMs: number
  readonly looks: number
  readonly reading: Reading
  readonly problems: readonly string[]
}

const INTERVAL_MS_MIN = 100

export default class Watch extends ClusterCommand {
  static override summary = 'Watch a cluster: nodes, slots, traffic, lag, migrations, failures.'
  static override description =
    'Redraws in place on a terminal; q or Ctrl-C ends it. In a pipe it prints one plain block per interval. Rates are over ' +
    'the interval, without the commands that watching takes. If the node it watches through dies, it goes on by another. ' +
    '--json prints one document, the last look: the second, which measures one interval, unless --count says otherwise. ' +
    '--events prints every look as a JSON line on stderr.'

  static override usage = '<%= command.id %> SEED [FLAGS]'

  static override examples = [
    '<%= config.bin %> <%= command.id %> 127.0.0.1:7000',
    '<%= config.bin %> <%= command.id %> 127.0.0.1:7000 --interval 5s --count 12 >cluster.log',
    '<%= config.bin %> <%= command.id %> 127.0.0.1:7000 --json',
    '<%= config.bin %> <%= command.id %> 127.0.0.1:7000 --events',
  ]

  static override args = seedArgs

  static override flags = {
    count: Flags.integer({helpValue: 'N', min: 1, summary: 'End after this many looks.'}),
    events: Flags.boolean({summary: 'Print each look as a JSON line on stderr, and nothing else.'}),
    interval: durationFlag({
      char: 'i',
      default: 1000,
      defaultHelp: async () => '1s',
      summary: 'Time from look to look.',
    }),
    // A node that hangs must not hold up the view of the others for long.
    timeout: durationFlag({
      default: 2000,
      defaultHelp: async () => '2s',
      helpGroup: 'CONNECTION',
      summary: 'A node that takes longer counts as one that does not answer.',
    }),
  }

  private readonly quit = new AbortController()

  async run(): Promise<WatchResult> {
    const {args, flags} = await this.parse(Watch)
    if (flags.interval < INTERVAL_MS_MIN) throw badFlag(`--interval is at least ${INTERVAL_MS_MIN}ms`)
    const count = flags.count ?? (this.jsonEnabled() && !flags.events ? 2 : Number.POSITIVE_INFINITY)
    const seed = parseAddress(args.seed)
    const watcher = this.closeLater(await ClusterWatcher.start(seed, await this.connectOptions(args.seed), this.signal))
    const history = new WatchHistory(flags.interval)
    const view = this.openView(flags.events)
    let looks = 0
    try {
      for await (const look of watcher.looks(flags.interval, AbortSignal.any([this.signal, this.quit.signal]))) {
        looks++
        const seen = history.take(look, timeOfDay(new Date()))
        if (seen) view?.show(seen.frame, seen.news)
        if (looks < count) continue
        requireSample(look)
        break
      }
    } catch (error) {
      // For a view this is the way to end; only who waits for a document gets none.
      if (!(error instanceof CliError) || error.code !== 'INTERRUPTED' || !history.reading) throw error
      if (!this.quit.signal.aborted) this.exitWith(130)
    } finally {
      view?.close()
    }
    const {reading} = history
    if (!reading) throw new CliError('INTERRUPTED', 'interrupted')
    return {intervalMs: flags.interval, looks, reading, problems: problemsOf(reading)}
  }

  private openView(events: boolean): WatchView | undefined {
    if (events) return new EventsView()
    if (this.jsonEnabled()) return undefined
    const onQuit = () => this.quit.abort()
    return this.interactive && process.env['TERM'] !== 'dumb'
      ? new LiveView(this.style, onQuit)
      : new PlainView(this.style, (text) => this.print(text), onQuit)
  }
}

function timeOfDay(date: Date): string {
  return date.toTimeString().slice(0, 8)
}
