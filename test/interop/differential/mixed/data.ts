import type {RawConnection} from '../../../support/raw-resp.js'
import {TARGETS} from '../geo-commands.js'
import {bulks} from '../harness.js'
import {alike} from './agreed.js'
import {Difference} from './stage.js'

/** All that two servers hold, compared. */

const DATABASE_COUNT = 16

/** @param at - the number of steps before. @throws Difference */
export async function compareData(
  servers: readonly [theirs: RawConnection, ours: RawConnection],
  at: number,
  inCluster: boolean,
): Promise<void> {
  const check = async (...argv: string[]): Promise<string> => {
    const [theirs, ours] = await Promise.all(servers.map((one) => one.call(...argv)))
    if (!alike({argv}, theirs!, ours!)) throw new Difference(at, `in the end, ${argv.join(' ')}`, theirs!, ours!)
    return theirs!
  }
  for (let database = 0; database < (inCluster ? 1 : DATABASE_COUNT); database++) {
    if (!inCluster) await check('SELECT', String(database))
    // Distances are stored there, which are not the same to the last digit.
    await check('DEL', ...TARGETS.map((name) => (inCluster ? `{t}${name}` : name)))
    for (const key of bulks(await check('KEYS', '*'))) {
      const type = await check('TYPE', key)
      await check('OBJECT', 'ENCODING', key)
      await check('PEXPIRETIME', key)
      await check('DEBUG', 'DIGEST-VALUE', key)
      await check('DUMP', key)
      if (type === '+stream\r\n') await check('XINFO', 'STREAM', key, 'FULL', 'COUNT', '0')
    }
    await check('DBSIZE')
  }
  await check('DEBUG', 'DIGEST')
  await check('DEBUG', 'RELOAD')
  await check('DEBUG', 'DIGEST')
}
