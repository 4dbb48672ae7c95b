// Says a line on the serial port of QEMU's machine `virt`, and powers it off. examples/virt/build assembles it.
    .text
    .global _start
_start:
    adr     x1, line
    movz    x2, #0x0900, lsl #16    // The PL011: what is written there is sent.
next:
    ldrb    w0, [x1], #1
    cbz     w0, off
    strb    w0, [x2]
    b       next
off:
    movz    w0, #0x8400, lsl #16    // PSCI's SYSTEM_OFF, 0x84000008.
    movk    w0, #0x0008
    hvc     #0
    b       off
line:
    .asciz  "hello from aarch64\n"
