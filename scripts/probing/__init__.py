"""What scripts/schema asks of a QEMU, and how it writes the answers down."""
