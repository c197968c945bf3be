/** An error as it crosses the pipe: what the engine could not do, and why. */
import { type ErrorCode, type ErrorPlace, SidestepError } from '../base/errors';

export interface EngineFailure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly advice?: string;
  readonly place?: ErrorPlace;
  readonly reason?: string;
}

export function toFailure({ code, message, details: { advice, place, reason } }: SidestepError): EngineFailure {
  return {
    code,
    message,
    ...(advice !== undefined && { advice }),
    ...(place && { place }),
    ...(reason !== undefined && { reason }),
  };
}

export function toError({ code, message, ...details }: EngineFailure): SidestepError {
  return new SidestepError(code, message, details);
}
