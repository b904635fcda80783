import { QuorateError } from '@quorate/core'

/** An implementation does not keep what its port promises; the message says which promise, and what was seen instead. */
export class ContractBrokenError extends QuorateError {
  readonly code = 'CONTRACT_BROKEN'
}
