/* Functions for a census: emulated, by the surrogate, refused; one that only the unwinding table knows. */
        .text
        .globl  _start
        .type   _start, @function
_start: push    %rbp
        xorps   %xmm0, %xmm0
        syscall
        .size   _start, . - _start

        .type   vector, @function
vector: movups  (%rdi), %xmm0
        ret
        .size   vector, . - vector

        .type   atomic, @function
atomic: lock incl (%rdi)
        .size   atomic, . - atomic

        .type   trap, @function
trap:   syscall
        .size   trap, . - trap

        .cfi_startproc
        ret
        .cfi_endproc
