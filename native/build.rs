//! The page is embedded into the program: a page that was built anew is a program to build anew.

fn main() {
    println!("cargo::rerun-if-changed=../www/dist");
}
