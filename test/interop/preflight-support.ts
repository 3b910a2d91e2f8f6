/** What the tests of refusals before a change share. */

/** What a refusal for want of permissions prints with `--json`. */
export interface PermissionFailure {
  readonly error: {
    readonly code: string
    readonly message: string
    readonly suggestions: readonly string[]
    readonly details: {
      readonly permissions: readonly {readonly address: string; readonly commands: readonly string[]}[]
    }
  }
}

/** What it takes to look at a cluster. */
export const VIEW = ['+ping', '+info', '+cluster|nodes', '+cluster|info']
