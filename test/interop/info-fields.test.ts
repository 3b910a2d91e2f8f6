import {expect, it} from 'vitest'
import {describeWithPeers} from '../support/peers.js'
import type {RawConnection} from '../support/raw-resp.js'
import {bothServers} from './differential/harness.js'

/** What redis-server says in INFO and the node does not, as agreed: there is nothing honest to say. */
const ABSENT: Readonly<Record<string, string>> = {
  atomicvar_api: 'nothing is compiled',
  expired_stale_perc: 'the active expiry walks all deadlines; it does not sample',
  gcc_version: 'nothing is compiled',
  redis_build_id: 'nothing is compiled',
  used_cpu_sys_main_thread: 'the times of single threads are not known',
  used_cpu_user_main_thread: 'the times of single threads are not known',
}
/** What the node says besides. */
const OWN = ['shoal_version']
/** One field per command, error or database. */
const COUNTED = /^(?:cmdstat_|errorstat_|latency_percentiles_usec_|db\d)/

/** The names of all fields, by section, both in the order of the text. */
async function fieldsOf(connection: RawConnection): Promise<Record<string, string[]>> {
  await connection.batch([['SET', 'a', '1'], ['NONSENSE']])
  const text = await connection.call('INFO', 'everything')
  const sections: Record<string, string[]> = {}
  let fields: string[] = []
  for (const line of text.split('\r\n').slice(1)) {
    if (line.startsWith('# ')) {
      fields = []
      sections[line] = fields
    } else if (line !== '' && !COUNTED.test(line)) fields.push(line.slice(0, line.indexOf(':')))
  }
  return sections
}

describeWithPeers('INFO beside redis-server', () => {
  for (const mode of ['no', 'yes']) {
    const {both} = bothServers({'cluster-enabled': mode})
    it(`has the same sections and fields in the same order, but for those agreed (cluster: ${mode})`, async () => {
      const [theirs, ours] = await both()
      const [expected, actual] = [await fieldsOf(theirs), await fieldsOf(ours)]
      const all = Object.values(expected).flat()
      expect(Object.keys(ABSENT).filter((name) => !all.includes(name))).toEqual([])
      for (const fields of Object.values(expected)) drop(fields, Object.keys(ABSENT))
      for (const fields of Object.values(actual)) drop(fields, OWN)
      expect(actual).toEqual(expected)
      for (const one of [theirs, ours]) one.close()
    })
  }
})

function drop(fields: string[], names: readonly string[]): void {
  const kept = fields.filter((name) => !names.includes(name))
  fields.splice(0, fields.length, ...kept)
}
