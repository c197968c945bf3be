/**
 * The three kinds of number that identify a location. Their types differ, so that one can't be passed for another.
 *
 * - {@link Address}: where a byte is in a running process, as in /proc/PID/maps.
 * - {@link LinkAddress}: where the linker put it, as in ELF symbols and DWARF. `Address = LinkAddress + bias`.
 * - {@link FileOffset}: where it is in a file, in bytes from its start.
 */
declare const brand: unique symbol;

/** A run-time virtual address, 0 … 2^64-1. */
export type Address = bigint & { readonly [brand]: 'Address' };

/** A link-time virtual address, as in ELF headers, symbols and DWARF. */
export type LinkAddress = bigint & { readonly [brand]: 'LinkAddress' };

/** Bytes from the start of a file. Files are below 2^53 bytes. */
export type FileOffset = number & { readonly [brand]: 'FileOffset' };

/** Wraps to 64 bits, as the CPU does. */
export function address(value: bigint | number): Address {
  return BigInt.asUintN(64, BigInt(value)) as Address;
}

export function linkAddress(value: bigint | number): LinkAddress {
  return BigInt.asUintN(64, BigInt(value)) as LinkAddress;
}

export function fileOffset(value: number): FileOffset {
  return value as FileOffset;
}

/** Run-time address of a link-time one in a module that is mapped `bias` bytes above where it was linked. */
export function relocate(link: LinkAddress, bias: bigint): Address {
  return address(link + bias);
}

/** Link-time address of a run-time one; the inverse of {@link relocate}. */
export function unrelocate(run: Address, bias: bigint): LinkAddress {
  return linkAddress(run - bias);
}

/** `0x401136`: how every address is shown and how JSON output spells it. */
export function hex(value: bigint | number): string {
  return `0x${value.toString(16)}`;
}
