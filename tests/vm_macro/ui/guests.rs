// A guest that no variable holds is gone at once.

#![deny(unused_must_use)]

use qemu_runtime::{Guest, vm};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    Guest::start(vm! { name a })?;
    Guest::spawn(&vm! { name a })?;
    let name = "a";
    Guest::start(vm! { name {name} }?)?;
    Ok(())
}

async fn task() -> Result<(), Box<dyn std::error::Error>> {
    qemu_runtime::tokio::Guest::start(vm! { name a }).await?;
    Ok(())
}
