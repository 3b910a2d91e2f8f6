// What the examples share: one database in three regions, commands shown as they go, answers checked.
import {startCrdb} from 'shoal/embedded'

/**
 * Tells each case in a database of its own keys, and ends with exit code 1 if an answer was not as the case says.
 *
 * @param {string} title
 * @param {Record<string, (teller: Teller) => Promise<void>>} cases - by name
 */
export async function story(title, cases) {
  const db = await startCrdb({regions: 3})
  const teller = new Teller(db)
  console.log(title)
  try {
    for (const [name, tell] of Object.entries(cases)) {
      console.log(`\n  ${name}`)
      await tell(teller)
      await teller.together()
      const {differences, equal} = await db.verify()
      teller.check('the regions are equal', equal ? [] : differences, [])
    }
  } finally {
    await db.stop()
  }
  console.log(teller.wrong === 0 ? '\nAs documented.' : `\n${teller.wrong} of the answers are not as documented.`)
  process.exitCode = teller.wrong === 0 ? 0 : 1
}

class Teller {
  wrong = 0
  #isApart = false

  constructor(db) {
    this.db = db
  }

  /** A command in a region: what a client there would be answered. Connected, the others have heard of it then. */
  at = async (region, command, ...args) => {
    const reply = await this.db.region(region).call(command, ...args)
    const line = [command, ...args].join(' ')
    console.log(`    region ${region}  ${line.padEnd(44)} ${shown(reply)}`)
    if (!this.#isApart) await this.db.settle()
    return reply
  }

  /** The regions hear nothing of each other. */
  apart = async () => {
    await this.db.partition([[1], [2], [3]])
    this.#isApart = true
    console.log('    ---- partition: 1 | 2 | 3')
  }

  /** They do again, and have told each other. */
  together = async () => {
    await this.db.heal()
    await this.db.settle()
    if (this.#isApart) console.log('    ---- healed')
    this.#isApart = false
  }

  /** All regions give one answer. */
  everywhere = async (expected, command, ...args) => {
    for (const {id} of this.db.regions) {
      const reply = await this.db.region(id).call(command, ...args)
      this.check(`region ${id} reads ${shown(reply).padEnd(12)} (${[command, ...args].join(' ')})`, reply, expected)
    }
  }

  check = (what, actual, expected) => {
    const isRight = shown(actual) === shown(expected)
    if (!isRight) this.wrong++
    console.log(
      `    ${isRight ? 'ok   ' : 'WRONG'} ${what}${isRight ? '' : `: ${shown(actual)}, not ${shown(expected)}`}`,
    )
  }
}

function shown(reply) {
  return JSON.stringify(reply)
}
