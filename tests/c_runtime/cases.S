/* The blob of cases, from the file that -DCASES names. */
    .section .rodata
    .balign 4
    .globl cases_blob
cases_blob:
    .incbin CASES
    .balign 4
