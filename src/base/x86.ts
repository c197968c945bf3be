/** What every part knows of x86-64. */

/** INT3 (Intel SDM vol. 2): one byte that raises #BP. RIP then points after it; the kernel sends SIGTRAP. */
export const INT3 = 0xcc;

/** The smallest page (Intel SDM vol. 3A §4.5), in bytes: what Linux maps and protects by. */
export const PAGE_BYTES = 4096;

/** What a thread may use below its stack pointer (System V ABI, AMD64, §3.2.2); a push or call goes no farther. */
export const RED_ZONE_BYTES = 128;
