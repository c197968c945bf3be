/* Functions that start with four distinct instructions for the emulator, one of them twice, one for the surrogate, one refused. */
        .macro  function name, instruction:vararg
        .type   \name, @function
\name:  \instruction
        .size   \name, . - \name
        .endm

        .text
        .globl  _start
        function _start, push %rbp
        function again, push %rbp
        function sum, add $0x10, %rax
        function load, mov sum(%rip), %rcx
        function copy, rep movsb
        function vector, addps %xmm1, %xmm0
        function trap, syscall
