import {Flags} from '@oclif/core'
import {CrdbCommand} from '../../lib/cli/crdb/crdb-command.js'
import {guidFlag} from '../../lib/cli/crdb/flags.js'
import {badFlag, durationFlag} from '../../lib/cli/flags.js'
import {LiveScreen} from '../../lib/cli/live-screen.js'
import {renderLag} from '../../lib/cli/render/crdb-lag.js'
import {pause, untilAborted} from '../../lib/client/abort.js'
import {type LagReport, LagWatcher} from '../../lib/operations/crdb/lag.js'

const INTERVAL_MS_MIN = 100

export default class CrdbLag extends CrdbCommand {
  static override summary = 'Show how far each region is behind what the others write.'
  static override description =
    'LAG is how late what comes is at most, PENDING how many effects have not been acknowledged. --watch looks again and ' +
    'again: in place on a terminal, where q or Ctrl-C ends it; block by block in a pipe. A region that does not answer is named ' +
    'as silent, and waited for 2 seconds once. Exits 7 if none answers.'

  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --watch',
    '<%= config.bin %> <%= command.id %> --watch --interval 5s --count 12 >lag.log',
  ]

  static override flags = {
    'crdb-guid': guidFlag(),
    count: Flags.integer({dependsOn: ['watch'], helpValue: 'N', min: 1, summary: 'End after this many looks.'}),
    interval: durationFlag({
      char: 'i',
      default: 1000,
      defaultHelp: async () => '1s',
      summary: 'Time from look to look.',
    }),
    watch: Flags.boolean({char: 'w', summary: 'Look again and again.'}),
  }

  private readonly quit = new AbortController()
  private lines: readonly string[] = []

  private get foot(): readonly string[] {
    return ['', this.style.dim('q quits')]
  }

  async run(): Promise<LagReport> {
    const {flags} = await this.parse(CrdbLag)
    if (flags.interval < INTERVAL_MS_MIN) throw badFlag(`--interval is at least ${INTERVAL_MS_MIN}ms`)
    const known = await this.database(flags['crdb-guid'])
    const clusters = new Map(known.config.instances.map(({cluster, id}) => [id, cluster]))
    const watcher = this.closeLater(new LagWatcher(known))
    const screen = flags.watch && !this.jsonEnabled() ? this.openScreen() : undefined
    const signal = AbortSignal.any([this.signal, this.quit.signal])
    const count = flags.watch ? (flags.count ?? (this.jsonEnabled() ? 1 : Number.POSITIVE_INFINITY)) : 1
    let seen: LagReport | undefined
    try {
      for (let looks = 1; ; looks++) {
        // A region that froze just now takes two seconds: whoever quits does not wait for it.
        const report: LagReport | undefined = await untilAborted(watcher.look(signal), signal).catch((error) => {
          if (signal.aborted && seen) return undefined
          throw error
        })
        if (!report) return this.ended(seen as LagReport)
        seen = report
        this.lines = renderLag(report, clusters, this.style)
        if (screen) screen.draw([...this.lines, ...this.foot])
        else this.print((looks > 1 ? '\n' : '') + this.lines.join('\n'))
        if (looks >= count) {
          if (report.links.length === 0 && report.silent.length > 0) this.exitWith(7)
          return report
        }
        await pause(flags.interval, signal).catch(() => undefined)
        if (signal.aborted) return this.ended(report)
      }
    } finally {
      screen?.close()
      // What was seen last is still of use.
      if (screen && seen) this.print(this.lines.join('\n'))
    }
  }

  /** As after every Ctrl-C; `q` is a way to end like any other. */
  private ended(report: LagReport): LagReport {
    if (this.signal.aborted) this.exitWith(130)
    return report
  }

  private openScreen(): LiveScreen | undefined {
    const onQuit = () => this.quit.abort()
    if (!this.interactive || process.env['TERM'] === 'dumb') {
      // Whoever read the pipe has gone, as `head` does.
      process.stdout.on('error', onQuit)
      return undefined
    }
    const screen: LiveScreen = new LiveScreen({
      input: process.stdin,
      onQuit,
      onRedraw: () => screen.draw([...this.lines, ...this.foot]),
      output: process.stdout,
    })
    screen.open()
    return screen
  }
}
