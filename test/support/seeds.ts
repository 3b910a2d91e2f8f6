/**
 * Which seeds a simulation runs: 1 .. `count`, or what the environment says.
 *
 * SIM_SEED=17 replays one; SIM_SEEDS=5000 runs more; SIM_FIRST=100001 begins elsewhere.
 */
export function seedsToRun(count: number): number[] {
  const {SIM_FIRST, SIM_SEED, SIM_SEEDS} = process.env
  if (SIM_SEED) return [Number(SIM_SEED)]
  const first = Number(SIM_FIRST ?? 1)
  return Array.from({length: Number(SIM_SEEDS ?? count)}, (_, index) => first + index)
}
