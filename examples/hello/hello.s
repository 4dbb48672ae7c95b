# The boot sector of hello.vm: one line on the first serial port, and out.
#
# The BIOS loads these 512 bytes at 0x7c00 and jumps there in 16-bit mode.
# `build` beside this file makes hello.img of it.

        .code16
        .intel_syntax noprefix

        .set    DATA, 0x3f8             # COM1: what is written here is sent,
        .set    STATUS, 0x3fd           # and here it says how far it is;
        .set    EMPTY, 0x40             # its bit for "all is sent".
        .set    EXIT, 0xf4              # isa-debug-exit: QEMU ends with the status
        .set    SUCCESS, 0x10           # value * 2 + 1, here 33, so never with 0.

        .globl  _start
_start:
        xor     ax, ax
        mov     ds, ax
        cld
        mov     si, offset line

        # The wait also comes before the end: the last byte is out by then.
next:
        mov     dx, STATUS
        in      al, dx
        test    al, EMPTY
        jz      next

        lodsb
        test    al, al
        jz      leave
        mov     dx, DATA
        out     dx, al
        jmp     next

leave:
        mov     al, SUCCESS
        out     EXIT, al
        hlt                             # Not reached, unless the device is missing.

line:
        .asciz  "hello from qemu-dsl\n"

        .org    510
        .word   0xaa55                  # What makes it bootable.
