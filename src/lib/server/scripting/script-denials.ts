import type {Denial} from '../acl/permissions.js'

/** What a script is told that calls what its user may not do. */
export const DENIALS: Readonly<Record<Denial['what'], string>> = {
  channel: "ERR The user executing the script can't publish to the channel mentioned in the command",
  command: "ERR The user executing the script can't run this command or subcommand",
  key: "ERR The user executing the script can't access at least one of the keys mentioned in the command arguments",
}

/** What SCRIPT KILL and FUNCTION KILL are told of one that has written. */
export const UNKILLABLE =
  'UNKILLABLE Sorry the script already executed write commands against the dataset. You can either wait the script ' +
  'termination or kill the server in a hard way using the SHUTDOWN NOSAVE command.'
