/** The processor refuses longer instructions (Intel SDM vol. 2, §2.3.11). */
export const MAX_INSTRUCTION_BYTES = 15;
