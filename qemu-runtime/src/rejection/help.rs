//! What to do about what QEMU rejects.

/// What to do about it, where QEMU doesn't say.
pub(super) fn help(words: &str, option: &str, program: &str) -> Option<String> {
    const NO_KVM: &str =
        "load the module kvm_intel or kvm_amd and be allowed to use /dev/kvm, or write `accel=tcg`";

    let device = option.strip_prefix("-device ").and_then(|value| {
        let first = value.split(',').next()?;
        Some(first.strip_prefix("driver=").unwrap_or(first))
    });
    let says = |text: &str| words.contains(text);
    if says("is not a valid device model name") {
        return Some(format!("`{program} -device help` lists the devices it has"));
    }
    if let (true, Some(device)) = (words.starts_with("Property '") && says("' not found"), device) {
        return Some(format!("`{program} -device {device},help` lists the properties it has"));
    }
    let known = [
        ("KVM kernel module", NO_KVM),
        ("initialize kvm", NO_KVM),
        (" lock", "another process uses it, another VM perhaps: end that first"),
        ("no such host device", "`lspci -D` lists the host's devices by their addresses"),
        ("no iommu_group", "the host's IOMMU must be on: `intel_iommu=on` or `amd_iommu=on` for its kernel"),
        (
            "No such file or directory",
            "it must exist, or its folder where QEMU makes it; a relative path is read from QEMU's working directory",
        ),
        ("driver requires '/dev/fdset/", "a block device can't be had as a file descriptor: leave out `fd`"),
        ("Permission denied", "the user that QEMU runs as must be allowed to use it"),
        ("Address already in use", "another program listens there: end that, or choose another address"),
        ("invalid option", "this QEMU doesn't have it, or no longer: compile for its version"),
        ("Cannot allocate memory", "the host has less memory than that to give, or fewer huge pages"),
    ];
    known.into_iter().find(|(text, _)| says(text)).map(|(_, help)| help.to_owned())
}
