import {defineConfig} from 'vitest/config'

/** Projects by cost: `unit` needs nothing, `sim` is CPU, `commands` and `interop` start processes,
 * `soak` more of them than two processors can serve at once, `docker` containers. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/tidy.test.ts', 'test/unit/**/*.test.ts', 'test/golden/**/*.test.ts'],
          // A bound on a hang, not on speed: the two cores may be busy with anything.
          testTimeout: 60_000,
        },
      },
      {test: {name: 'sim', include: ['test/sim/**/*.test.ts'], testTimeout: 120_000}},
      {
        test: {
          name: 'commands',
          include: ['test/commands/**/*.test.ts', 'test/contract/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'interop',
          include: ['test/interop/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 60_000,
        },
      },
      {test: {name: 'soak', include: ['test/soak/**/*.test.ts'], testTimeout: 180_000, hookTimeout: 60_000}},
      {
        test: {
          name: 'docker',
          include: ['test/docker/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
})
