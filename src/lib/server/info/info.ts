import type {InfoFacts, InfoField} from './facts.js'
import {renderPersistence} from './persistence-section.js'
import {renderClients, renderCpu, renderMemory, renderServer} from './process-sections.js'
import {renderClusterSection, renderReplication} from './replication-section.js'
import {renderCommandStats, renderErrorStats, renderKeyspace, renderStats} from './statistics-sections.js'

type Section = (facts: InfoFacts) => readonly InfoField[]

/** When a section is shown without being asked for by name. */
type Shown = 'default' | 'all'

/** In the order of the text. Names are what INFO takes, in any case; titles what it prints. */
const SECTIONS: readonly (readonly [name: string, title: string, shown: Shown, render: Section])[] = [
  ['server', 'Server', 'default', renderServer],
  ['clients', 'Clients', 'default', renderClients],
  ['memory', 'Memory', 'default', renderMemory],
  ['persistence', 'Persistence', 'default', renderPersistence],
  ['stats', 'Stats', 'default', renderStats],
  ['replication', 'Replication', 'default', renderReplication],
  ['cpu', 'CPU', 'default', renderCpu],
  ['modules', 'Modules', 'default', () => []],
  ['commandstats', 'Commandstats', 'all', renderCommandStats],
  ['errorstats', 'Errorstats', 'default', renderErrorStats],
  ['latencystats', 'Latencystats', 'all', () => []],
  ['cluster', 'Cluster', 'default', renderClusterSection],
  ['keyspace', 'Keyspace', 'default', renderKeyspace],
  // Of an active-active database; a node that holds none has no such section.
  ['crdt', 'CRDT', 'all', ({server}) => server.crdt?.peers?.infoFields() ?? []],
]

/**
 * The text of INFO.
 *
 * @param asked - section names, `default`, `all` or `everything`; none = `default`. Unknown names give nothing.
 */
export function renderInfo(facts: InfoFacts, asked: readonly string[]): string {
  const names = new Set(asked.map((name) => name.toLowerCase()))
  const everything = names.has('all') || names.has('everything')
  const standard = everything || names.size === 0 || names.has('default')
  const has = (name: string, shown: Shown): boolean => {
    if (name === 'crdt' && facts.server.crdt === undefined) return false
    return names.has(name) || (shown === 'default' ? standard : everything)
  }
  return SECTIONS.filter(([name, , shown]) => has(name, shown))
    .map(([, title, , render]) => {
      const lines = render(facts).map(([field, value]) => `${field}:${value}\r\n`)
      return `# ${title}\r\n${lines.join('')}`
    })
    .join('\r\n')
}
