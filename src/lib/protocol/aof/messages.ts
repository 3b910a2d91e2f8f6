/** What Redis logs about append only files that it cannot read as they are. @param name - of the file */

const ADVICE = 'make a backup of your AOF file, then use ./redis-check-aof --fix <filename.manifest>'

export function damagedText(name: string): string {
  return `Bad file format reading the append only file ${name}: ${ADVICE}`
}

/** The end is missing, and that is not allowed: by the configuration, or as other files follow. */
export function truncatedText(name: string): string {
  return (
    `Unexpected end of file reading the append only file ${name}. You can: 1) M${ADVICE.slice(1)}. ` +
    "2) Alternatively you can set the 'aof-load-truncated' configuration option to yes and restart the server."
  )
}

export function openTransactionText(name: string): string {
  return `Revert incomplete MULTI/EXEC transaction in AOF file ${name}`
}

/** The end is missing, and is cut off. @param wholeBytes - what is left of the file */
export function repairTexts(name: string, wholeBytes: number): readonly string[] {
  return [
    `!!! Warning: short read while loading the AOF file ${name}!!!`,
    `!!! Truncating the AOF ${name} at offset ${wholeBytes} !!!`,
    `AOF ${name} loaded anyway because aof-load-truncated is enabled`,
  ]
}

export function unknownCommandText(name: string, command: string): string {
  return `Unknown command '${command}' reading the append only file ${name}`
}
