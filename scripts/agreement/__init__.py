"""What scripts/agree is made of.

    qemu.py       asks a QEMU, and starts one to see whether it takes its arguments
    knowledge.py  what a QEMU says of itself: devices, objects, machines, CPUs, backends, with their properties
    text.py       a statement as this language's text, and as QEMU's arguments
    generate.py   statements that should be right, and what they need beside them
    mutate.py     one mistake in them
    judge.py      what the compiler says, what QEMU says, and whether that is the same
    report.py     the figures, and what they are made of
"""
