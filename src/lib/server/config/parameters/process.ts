import {bool, choice, clamped, int, long, text} from '../parameter.js'
import {notifyEvents, oomScores, percentiles, wordSet} from '../special.js'

const SHUTDOWN_WORDS = ['save', 'nosave', 'now', 'force']
const LOCAL_OR_NOT = ['no', 'yes', 'local'] as const

const TITLE_VARIABLES = ['title', 'listen-addr', 'server-mode', 'port', 'tls-port', 'unixsocket', 'config-file']

function checkTitle(template: string): string | undefined {
  const rest = TITLE_VARIABLES.reduce((text, name) => text.replaceAll(`{${name}}`, ''), template)
  const valid = template !== '' && !rest.includes('{')
  return valid ? undefined : 'template format is invalid or contains unknown variables'
}

/** The process, its log, its clock, what is observed and what is allowed. */
export const processParameters = {
  dir: text('dir', '', {acts: true, protected: true}),
  daemonize: bool('daemonize', false, {immutable: true}),
  pidfile: text('pidfile', '', {acts: true, immutable: true}),
  supervised: choice('supervised', 'no', ['upstart', 'systemd', 'auto', 'no'], {immutable: true}),
  loglevel: choice('loglevel', 'notice', ['debug', 'verbose', 'notice', 'warning'], {acts: true}),
  logfile: text('logfile', '', {acts: true, immutable: true}),
  syslogEnabled: bool('syslog-enabled', false, {immutable: true}),
  syslogIdent: text('syslog-ident', 'redis', {immutable: true}),
  syslogFacility: choice(
    'syslog-facility',
    'local0',
    ['user', 'local0', 'local1', 'local2', 'local3', 'local4', 'local5', 'local6', 'local7'],
    {immutable: true},
  ),
  crashLogEnabled: bool('crash-log-enabled', true),
  crashMemcheckEnabled: bool('crash-memcheck-enabled', true),
  alwaysShowLogo: bool('always-show-logo', false, {immutable: true}),
  setProcTitle: bool('set-proc-title', true, {immutable: true}),
  procTitleTemplate: text('proc-title-template', '{title} {listen-addr} {server-mode}', {check: checkTitle}),
  ignoreWarnings: text('ignore-warnings'),
  shutdownOnSigint: wordSet('shutdown-on-sigint', 'default', SHUTDOWN_WORDS, {acts: true}),
  shutdownOnSigterm: wordSet('shutdown-on-sigterm', 'default', SHUTDOWN_WORDS, {acts: true}),
  shutdownTimeout: int('shutdown-timeout', 10),
  oomScoreAdj: choice('oom-score-adj', 'no', ['no', 'yes', 'relative', 'absolute']),
  oomScoreAdjValues: oomScores(),
  disableThp: bool('disable-thp', true, {immutable: true}),
  serverCpulist: text('server_cpulist', '', {immutable: true}),
  bioCpulist: text('bio_cpulist', '', {immutable: true}),
  aofRewriteCpulist: text('aof_rewrite_cpulist', '', {immutable: true}),
  bgsaveCpulist: text('bgsave_cpulist', '', {immutable: true}),
  jemallocBgThread: bool('jemalloc-bg-thread', true),

  databases: int('databases', 16, 1, undefined, {acts: true, immutable: true}),
  hz: clamped(int('hz', 10, 0, undefined, {acts: true}), 1, 500),
  dynamicHz: bool('dynamic-hz', true),
  activerehashing: bool('activerehashing', true),
  activeExpireEffort: int('active-expire-effort', 1, 1, 10, {acts: true}),
  busyReplyThreshold: long('busy-reply-threshold', 5000, 0, {acts: true, alias: 'lua-time-limit'}),
  notifyKeyspaceEvents: notifyEvents({acts: true}),
  propagationErrorBehavior: choice('propagation-error-behavior', 'ignore', ['ignore', 'panic', 'panic-on-replicas']),

  slowlogLogSlowerThan: long('slowlog-log-slower-than', 10_000, -1, {acts: true}),
  slowlogMaxLen: long('slowlog-max-len', 128, 0, {acts: true}),
  latencyMonitorThreshold: long('latency-monitor-threshold', 0),
  latencyTracking: bool('latency-tracking', true),
  latencyTrackingInfoPercentiles: percentiles([50, 99, 99.9]),

  enableDebugCommand: choice('enable-debug-command', 'no', LOCAL_OR_NOT, {acts: true, immutable: true}),
  // Not in Redis: SHOAL.FAULT, for environments of developers.
  enableFaultCommand: choice('enable-fault-command', 'no', LOCAL_OR_NOT, {acts: true, immutable: true}),
  // Not in Redis either: the table of SHOAL.FAULT SET to start with, in `dir`.
  faultFile: text('fault-file', '', {acts: true, immutable: true}),
  enableModuleCommand: choice('enable-module-command', 'no', LOCAL_OR_NOT, {immutable: true}),
  enableProtectedConfigs: choice('enable-protected-configs', 'no', LOCAL_OR_NOT, {acts: true, immutable: true}),
} as const
