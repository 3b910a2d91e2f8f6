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
  const checkAll = async (commands: readonly string[][]): Promise<string[]> => {
    const [theirs, ours] = await Promise.all(servers.map((one) => one.batch(commands)))
    for (const [i, argv] of commands.entries()) {
      const [expected, actual] = [theirs![i]!, ours![i]!]
      if (!alike({argv}, expected, actual)) throw new Difference(at, `in the end, ${argv.join(' ')}`, expected, actual)
    }
    return theirs!
  }
  const check = async (...argv: string[]): Promise<string> => (await checkAll([argv]))[0]!
  for (let database = 0; database < (inCluster ? 1 : DATABASE_COUNT); database++) {
    if (!inCluster) await check('SELECT', String(database))
    // Distances are stored there, which are not the same to the last digit.
    await check('DEL', ...TARGETS.map((name) => (inCluster ? `{t}${name}` : name)))
    for (const key of bulks(await check('KEYS', '*'))) {
      await checkAll([
        ['TYPE', key],
        ['OBJECT', 'ENCODING', key],
        ['PEXPIRETIME', key],
        ['DEBUG', 'DIGEST-VALUE', key],
        ['DUMP', key],
        ['XINFO', 'STREAM', key, 'FULL', 'COUNT', '0'],
      ])
    }
    await check('DBSIZE')
  }
  await check('DEBUG', 'DIGEST')
  await check('DEBUG', 'RELOAD')
  await check('DEBUG', 'DIGEST')
}
