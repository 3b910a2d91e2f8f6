import fc from 'fast-check'
import {expect, it} from 'vitest'
import {serverCommands} from '../../../../src/lib/server/commands/server/index.js'
import {AdminHarness, parseReply} from './harness.js'

/** Words that get past the first checks, among words that do not. */
const word = fc.oneof(
  fc.constantFrom(
    'a',
    '0',
    '-1',
    '5',
    '99999999999999999999',
    'TYPE',
    'normal',
    'ID',
    'yes',
    'on',
    'off',
    'filterby',
    '',
  ),
  fc.constantFrom(
    'get',
    'set',
    'migrate',
    'keys',
    'xx',
    'pattern',
    '*',
    'kill',
    'digest',
    'object',
    'usage',
    'samples',
  ),
  fc.uint8Array({maxLength: 12}).map((bytes) => String.fromCharCode(...bytes)),
)
/** These answer nothing, on purpose. */
const SILENT = new Set(['shutdown', 'client|reply'])

it('any words after any administration command get exactly one reply', () => {
  const heads = serverCommands.flatMap((command) =>
    command.subcommands === undefined
      ? [[command.name]]
      : [[command.name], ...[...command.subcommands.values()].map((one) => [command.name, one.name])],
  )
  const line = fc.tuple(
    fc.constantFrom(...heads.filter((head) => !SILENT.has(head.join('|')))),
    fc.array(word, {maxLength: 5}),
  )
  const node = new AdminHarness('enable-debug-command yes')
  fc.assert(
    fc.property(line, ([head, rest]) => {
      const argv = [...head, ...rest]
      if (SILENT.has(argv.slice(0, 2).join('|').toLowerCase())) return
      const client = node.connect()
      node.server.unpause()
      const sent = node.send(client, argv)
      const again = JSON.stringify(parseReply(`*2\r\n${sent}:7\r\n`))
      expect(again.endsWith(',7]'), argv.join(' ')).toBe(true)
      node.server.removeClient(client)
    }),
    {numRuns: 2000},
  )
})
