/** Was it that JavaScript has no string so long? They end 24 bytes short of 512 MiB. */
export function isTooLong(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return error.message === 'Invalid string length' || (error as NodeJS.ErrnoException).code === 'ERR_STRING_TOO_LONG'
}
