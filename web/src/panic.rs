//! A panic in wasm is a bare trap: its words would be lost. They are left where the page finds them.

use wasm_bindgen::prelude::wasm_bindgen;

/// The property of the global object that holds the words of a panic.
const PLACE: &str = "retrylabPanic";

/// Runs when the module has been loaded.
#[wasm_bindgen(start)]
fn remember_panics() {
    std::panic::set_hook(Box::new(|info| {
        let words = info.to_string();
        // There is nothing to do when even this fails; the trap itself is still seen.
        let _ = js_sys::Reflect::set(&js_sys::global(), &PLACE.into(), &words.into());
    }));
}
