import type {Denial} from '../acl/permissions.js'

/** What a script is told that calls what its user may not do. */
export const DENIALS: Readonly<Record<Denial['what'], string>> = {
  channel: "ERR The user executing the script can't publish to the channel mentioned in the command",
  command: "ERR The user executing the script can't run this command or subcommand",
  key: "ERR The user executing the script can't access at least one of the keys mentioned in the command arguments",
}
