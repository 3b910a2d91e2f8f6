import type {CopyState, MemberState} from '../../model/cluster-members.js'
import type {
  ClusterStatus,
  DatabaseStatus,
  EndpointStatus,
  ModuleStatus,
  NodeStatus,
  ShardStatus,
} from '../../model/cluster-status.js'
import {renderDuration} from '../duration.js'
import {renderRam} from './numbers.js'
import type {Style} from './style.js'
import {renderTable} from './table.js'

/** rladmin's tables: columns, cells and words as there, `master` and `slave` included. */

export const SECTIONS = ['nodes', 'databases', 'endpoints', 'shards', 'modules'] as const
export type Section = (typeof SECTIONS)[number]

/** What can be added to the tables. rladmin's other extras are of parts that a plain cluster does not have. */
export const EXTRAS = ['backup', 'frag', 'nodestats', 'rack_id', 'redis_version', 'shardstats'] as const
export type Extra = (typeof EXTRAS)[number]

const UNKNOWN = '-'

interface StatusColumn<T> {
  readonly title: string
  readonly cell: (row: T) => string
  /** What to sort by where the text of the cell will not do. */
  readonly key?: (row: T) => number | null
  /** Shown only with this extra. */
  readonly extra?: Extra
}

interface SectionTable<T> {
  readonly title: string
  readonly columns: readonly StatusColumn<T>[]
  readonly rows: (status: ClusterStatus) => readonly T[]
  readonly isIssue: (row: T) => boolean
  /** What the cells of a row have no room for: a line under the table. */
  readonly remark?: (row: T) => string | undefined
}

const text = (value: string | number | null): string => (value === null ? UNKNOWN : String(value))
const role = ({role}: {readonly role: 'primary' | 'replica'}) => (role === 'primary' ? 'master' : 'slave')
const ram = (bytes: number | null) => (bytes === null ? UNKNOWN : renderRam(bytes))
const share = (part: number | null, whole: number | null) =>
  part === null && whole === null ? UNKNOWN : `${ram(part)}/${ram(whole)}`
const running = (backupRunning: boolean | null) =>
  backupRunning === null ? UNKNOWN : backupRunning ? 'in progress' : 'idle'

const NODES: SectionTable<NodeStatus> = {
  title: 'CLUSTER NODES:',
  rows: ({nodes}) => nodes,
  isIssue: ({state}) => state !== 'ok',
  remark: ({node, reason}) => (reason === null ? undefined : `node:${node} does not answer: ${reason}`),
  columns: [
    {title: 'NODE:ID', cell: ({asked, node}) => `${asked ? '*' : ''}node:${node}`, key: ({node}) => node},
    {title: 'ROLE', cell: role},
    {title: 'ADDRESS', cell: ({address}) => address},
    {title: 'EXTERNAL_ADDRESS', cell: ({externalAddress}) => text(externalAddress)},
    {title: 'HOSTNAME', cell: ({hostname}) => text(hostname)},
    {title: 'MASTERS', extra: 'nodestats', cell: (row) => String(row.role === 'primary' ? row.shards : 0)},
    {title: 'SLAVES', extra: 'nodestats', cell: (row) => String(row.role === 'replica' ? row.shards : 0)},
    {title: 'SHARDS', cell: ({shards}) => `${shards}/1`},
    {title: 'CORES', cell: () => UNKNOWN},
    {
      title: 'FREE_RAM',
      cell: ({freeBytes, memoryLimitBytes}) => share(freeBytes, memoryLimitBytes),
      key: ({freeBytes}) => freeBytes,
    },
    {
      title: 'PROVISIONAL_RAM',
      cell: ({hostMemoryBytes, unreservedBytes}) => share(unreservedBytes, hostMemoryBytes),
      key: ({unreservedBytes}) => unreservedBytes,
    },
    {title: 'VERSION', cell: ({version}) => text(version)},
    {title: 'SHA', extra: 'redis_version', cell: ({buildId}) => text(buildId)},
    {title: 'REDIS_VERSION', extra: 'redis_version', cell: ({redisVersion}) => text(redisVersion)},
    {title: 'RACK-ID', extra: 'rack_id', cell: ({zone}) => text(zone)},
    {title: 'STATUS', cell: renderNodeState},
  ],
}

const DATABASES: SectionTable<DatabaseStatus> = {
  title: 'DATABASES:',
  rows: ({databases}) => databases,
  isIssue: ({status}) => !status.startsWith('active'),
  columns: [
    {title: 'DB:ID', cell: ({db}) => `db:${db}`},
    {title: 'NAME', cell: () => UNKNOWN},
    {title: 'TYPE', cell: ({type}) => type},
    {title: 'STATUS', cell: ({status}) => status},
    {title: 'SHARDS', cell: ({shards}) => String(shards), key: ({shards}) => shards},
    {title: 'PLACEMENT', cell: ({placement}) => placement},
    {title: 'REPLICATION', cell: ({replication}) => replication},
    {title: 'PERSISTENCE', cell: ({persistence}) => text(persistence)},
    {title: 'ENDPOINT', cell: ({endpoint}) => endpoint},
    {title: 'BACKUP_PROGRESS', extra: 'backup', cell: ({backupsRunning}) => running(backupsRunning > 0)},
    {
      title: 'MISSING_BACKUP_TIME',
      extra: 'backup',
      cell: ({snapshotAgeMs}) => (snapshotAgeMs === null ? UNKNOWN : renderDuration(snapshotAgeMs)),
      key: ({snapshotAgeMs}) => snapshotAgeMs,
    },
    {title: 'REDIS_VERSION', extra: 'redis_version', cell: ({redisVersions}) => redisVersions.join(',')},
  ],
}

const ENDPOINTS: SectionTable<EndpointStatus> = {
  title: 'ENDPOINTS:',
  rows: ({endpoints}) => endpoints,
  isIssue: ({state}) => state !== 'ok',
  columns: [
    {title: 'DB:ID', cell: () => 'db:1'},
    {title: 'NAME', cell: () => UNKNOWN},
    {title: 'ID', cell: ({endpoint}) => `endpoint:1:${endpoint}`, key: ({endpoint}) => endpoint},
    {title: 'NODE', cell: ({node}) => `node:${node}`, key: ({node}) => node},
    {title: 'ROLE', cell: () => 'all-master-shards'},
    {title: 'SSL', cell: ({tls}) => (tls ? 'Yes' : 'No')},
  ],
}

const SHARDS: SectionTable<ShardStatus> = {
  title: 'SHARDS:',
  rows: ({shards}) => shards,
  isIssue: ({state}) => state !== 'ok',
  columns: [
    {title: 'DB:ID', cell: () => 'db:1'},
    {title: 'NAME', cell: () => UNKNOWN},
    {title: 'ID', cell: ({shard}) => `redis:${shard}`, key: ({shard}) => shard},
    {title: 'NODE', cell: ({node}) => `node:${node}`, key: ({node}) => node},
    {title: 'ROLE', cell: role},
    {title: 'SLOTS', cell: ({slots}) => slots, key: ({slots}) => Number.parseInt(slots, 10)},
    {title: 'USED_MEMORY', cell: ({usedBytes}) => ram(usedBytes), key: ({usedBytes}) => usedBytes},
    {title: 'KEYS', extra: 'shardstats', cell: ({keys}) => text(keys), key: ({keys}) => keys},
    {
      title: 'OPS_SEC',
      extra: 'shardstats',
      cell: ({opsPerSecond}) => text(opsPerSecond),
      key: ({opsPerSecond}) => opsPerSecond,
    },
    {
      title: 'CONNECTIONS',
      extra: 'shardstats',
      cell: ({connections}) => text(connections),
      key: ({connections}) => connections,
    },
    {title: 'LAG_BYTES', extra: 'shardstats', cell: ({lagBytes}) => text(lagBytes), key: ({lagBytes}) => lagBytes},
    {title: 'BACKUP_PROGRESS', extra: 'backup', cell: ({backupRunning}) => running(backupRunning)},
    {
      title: 'RAM_FRAG',
      extra: 'frag',
      cell: ({fragmentation}) => (fragmentation === null ? UNKNOWN : fragmentation.toFixed(2)),
      key: ({fragmentation}) => fragmentation,
    },
    {title: 'STATUS', cell: renderCopyState},
  ],
}

const MODULES: SectionTable<ModuleStatus> = {
  title: 'MODULES:',
  rows: ({modules}) => modules,
  isIssue: () => false,
  columns: [
    {title: 'MODULE', cell: ({module}) => module},
    {title: 'VERSION', cell: ({version}) => version},
    {title: 'NODES', cell: ({nodes}) => nodes.map((node) => `node:${node}`).join(',')},
  ],
}

// Each table draws rows of its own type; as a family they are only ever given their own rows.
// biome-ignore lint/suspicious/noExplicitAny: see above
const TABLES: Readonly<Record<Section, SectionTable<any>>> = {
  nodes: NODES,
  databases: DATABASES,
  endpoints: ENDPOINTS,
  shards: SHARDS,
  modules: MODULES,
}

/** `OK`, `DOWN, last seen 33s ago`, ...: how it is with a node, in rladmin's words. */
export function renderNodeState({
  lastSeenMs,
  state,
  suspectedBy,
}: Pick<NodeStatus, 'state' | 'lastSeenMs' | 'suspectedBy'>): string {
  const words: Readonly<Record<MemberState, string>> = {
    ok: 'OK',
    suspected: `SUSPECTED by ${suspectedBy}`,
    'cluster-down': 'CLUSTER DOWN',
    loading: 'LOADING',
    down: lastSeenMs === null ? 'DOWN' : `DOWN, last seen ${Math.round(lastSeenMs / 1000)}s ago`,
  }
  return words[state]
}

export function renderCopyState({linkDownSeconds, state}: Pick<ShardStatus, 'state' | 'linkDownSeconds'>): string {
  const words: Readonly<Record<CopyState, string>> = {
    ok: 'OK',
    loading: 'LOADING',
    syncing: 'SYNCING',
    'link-down': linkDownSeconds === null ? 'LINK DOWN' : `LINK DOWN for ${linkDownSeconds}s`,
    down: 'DOWN',
  }
  return words[state]
}

/** The titles that can be sorted by, of these sections with these extras. */
export function sortableColumns(sections: readonly Section[], extras: ReadonlySet<Extra>): string[] {
  return [...new Set(sections.flatMap((section) => shownColumns(TABLES[section], extras).map(({title}) => title)))]
}

export interface StatusLayout {
  readonly sections: readonly Section[]
  readonly extras: ReadonlySet<Extra>
  /** Titles of columns, the weightiest first. A section without one of them keeps its order for that. */
  readonly sort: readonly string[]
  readonly issuesOnly: boolean
}

/** Only what the tables of this layout would show, as data. */
export function selectStatus(
  status: ClusterStatus,
  {issuesOnly, sections, sort}: StatusLayout,
): Partial<ClusterStatus> {
  const chosen = sections.map((section) => [section, rowsOf(section, status, {issuesOnly, sort})])
  return {seed: status.seed, ...Object.fromEntries(chosen)}
}

/** The tables as people read them, one empty line between them. */
export function renderStatus(status: ClusterStatus, layout: StatusLayout, style: Style): string {
  const {extras, issuesOnly, sections} = layout
  const blocks = sections.flatMap((section) => {
    const rows = rowsOf(section, status, layout)
    // Modules are told of where there are some, or where they are asked for.
    if (rows.length === 0 && (issuesOnly || (section === 'modules' && sections.length > 1))) return []
    const {isIssue, remark, title} = TABLES[section]
    const columns = shownColumns(TABLES[section], extras)
    const cells = rows.map((row) => {
      const isBad = isIssue(row)
      return columns.map(({cell, title}) => (isBad && title === 'STATUS' ? style.red(cell(row)) : cell(row)))
    })
    const remarks = rows.flatMap((row) => remark?.(row) ?? []).map((text) => style.red(text))
    return [[style.bold(title), ...renderTable(columns, cells), ...remarks].join('\n')]
  })
  return blocks.length > 0 ? blocks.join('\n\n') : style.green('No issues.')
}

function shownColumns<T>({columns}: SectionTable<T>, extras: ReadonlySet<Extra>): readonly StatusColumn<T>[] {
  return columns.filter(({extra}) => extra === undefined || extras.has(extra))
}

function rowsOf(
  section: Section,
  status: ClusterStatus,
  {issuesOnly, sort}: Pick<StatusLayout, 'issuesOnly' | 'sort'>,
): readonly unknown[] {
  const {columns, isIssue, rows} = TABLES[section]
  const shown = issuesOnly ? rows(status).filter(isIssue) : [...rows(status)]
  const keys = sort.flatMap((title) => columns.filter((column) => column.title === title))
  return shown.sort((a, b) => {
    for (const {cell, key} of keys) {
      const order = key ? compareKeys(key(a), key(b)) : compareTexts(cell(a), cell(b))
      if (order !== 0) return order
    }
    return 0
  })
}

/** What is unknown comes last. */
function compareKeys(a: number | null, b: number | null): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null)
  return a - b
}

function compareTexts(a: string, b: string): number {
  return a.localeCompare(b, 'en', {numeric: true})
}
