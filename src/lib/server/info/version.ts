/** As in package.json; a test compares the two. */
export const SHOAL_VERSION = '0.1.0'

/** The version of Redis whose behaviour the node offers; clients decide by it what they may use. */
export const REDIS_VERSION = '7.0.15'
