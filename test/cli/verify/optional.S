/* Functions that start with instructions which not every 64-bit CPU has: two of BMI1, one of POPCNT, one of BMI2, and one that all have. */
        .macro  function name, instruction:vararg
        .type   \name, @function
\name:  \instruction
        .size   \name, . - \name
        .endm

        .text
        .globl  _start
        function _start, andn %rax, %rcx, %rdx
        function zeros, tzcnt %rax, %rcx
        function ones, popcnt %rax, %rcx
        function shift, shlx %rax, %rcx, %rdx
        function plain, mov %rax, %rcx
