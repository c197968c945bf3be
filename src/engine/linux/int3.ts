/** INT3 (Intel SDM vol. 2): one byte that raises #BP, with RIP after it; the kernel turns that into a SIGTRAP. */
export const INT3 = 0xcc;
