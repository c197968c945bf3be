/** INT3 (Intel SDM vol. 2): one byte that raises #BP, with RIP behind it; the kernel makes it a SIGTRAP. */
export const INT3 = 0xcc;
