// For your own state machine.
export {
  simulate,
  SimulationFailedError,
  type SimulateOptions,
  type SimulateReport,
  type UserStorm,
} from './simulate.ts'
export type { CommandPlace, SentCommands, StateMachineUnderTest } from './workload/userWorkload.ts'

// Storms, and what is looked at in them.
export { Storm, type StormFailure, type StormLimits, type StormOptions, type StormReport } from './storm/storm.ts'
export { runSeed, runStorms, type RunOptions, type SeedReport } from './runner/stormRunner.ts'
export { shrink, type FailingStorm, type ShrinkOptions } from './runner/shrink.ts'
export { readStormFile, writeStormFile, type StormFile } from './runner/stormFile.ts'
export { storyOf } from './storm/stormStory.ts'
export { COVERAGE, Coverage, type CoverageName } from './storm/coverage.ts'
export { FAULTS, type FaultName } from './storm/faults.ts'
export { INVARIANTS, InvariantBroken, type InvariantName } from './invariants/invariant.ts'

// Scenarios, step by step: in TypeScript, and from texts.
export { cluster, type Cluster, type Power } from './scenario/cluster.ts'
export { ExpectationFailed, ScenarioSyntaxError, StepFailed } from './scenario/errors.ts'
export type { OutcomeName } from './scenario/appends.ts'
export type { Expectations } from './scenario/expectations.ts'
export type { Which } from './scenario/mail.ts'
export type { ClusterOptions } from './scenario/stage.ts'
export type { StartingState } from './scenario/startingLogs.ts'
export { parseScenario } from './scenario/text/parseScenario.ts'
export {
  readScenarioFile,
  runScenario,
  runScenarioFile,
  type ScenarioFailure,
  type ScenarioRun,
} from './scenario/text/runScenario.ts'
export type { Scenario, Statement } from './scenario/text/scenario.ts'

// The world they happen in.
export { SimRandom } from './random.ts'
export { SimWorld, type WorldOptions } from './world/simWorld.ts'
export { CALM_CONDITIONS, type Cut, type Letter, type NetworkConditions, type SimNetwork } from './world/simNetwork.ts'
export type { NodeConditions, SimNode } from './world/simNode.ts'
export type { Machine, MachineFactory } from './world/machine.ts'
export type { WorldWatcher } from './world/worldWatcher.ts'
export type { OperationEnd, PlannedOperation, Workload } from './workload/workload.ts'
export { ListsAndRegisters } from './workload/listsAndRegisters.ts'
export * from './disk/index.ts'

// All orders of what may happen, within bounds.
export { search, type SearchOptions, type SearchProgress, type SearchResult } from './search/search.ts'
export { PRESETS, type Preset, type SearchBounds } from './search/searchBounds.ts'

// To look at.
export { drawStory } from './diagram/drawStory.ts'
export { describeStory } from './diagram/describeStory.ts'
export type { BrokenPromise, Story, StoryStep } from './diagram/story.ts'

// Histories of clients.
export { checkAppendLists } from './history/appendLists.ts'
export { checkRegisters, type RegisterLimits } from './history/registers.ts'
export { readHistory } from './history/historyText.ts'
export type { Operation } from './history/operation.ts'
export type { Verdict } from './history/verdict.ts'

// What every implementation of a port must do.
export * from './contracts/index.ts'
