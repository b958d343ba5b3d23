//! Rebuilds the program when the page changes, because the page is embedded in it.

fn main() {
    println!("cargo::rerun-if-changed=../www/packed");
}
